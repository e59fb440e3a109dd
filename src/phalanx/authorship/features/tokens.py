"""From the bytes of a view to tokens and their n-grams, inside numba.

Unlike the tokens of a prompt (`phalanx.text`), these keep what an author chooses without thinking:
punctuation, contractions, the form of names, where a line breaks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
import numpy.typing as npt

from phalanx.text.hashing import finish, mix

WORD, NUMBER, SIGN, LINE = range(4)
"""Kinds of tokens: word or name, digits, one character of punctuation, start of a line of code."""

ORDERS = 3
"""Longest run of tokens that is counted."""

_SEED = np.uint64(0x2545F4914F6CDD1D)
_PRIME = np.uint64(0x100000001B3)
_DEEPEST = 8
_LETTERS = (2, 5)
"""Shortest and longest run of bytes that is counted."""


Numbers = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]


def _letters() -> npt.NDArray[np.uint8]:
    """Return 1 for each byte of a letter, 2 for a digit, 3 for white space, 0 for other signs."""
    found = np.zeros(256, dtype=np.uint8)
    found[[byte for byte in range(128) if chr(byte).isalpha()]] = 1
    found[128:] = 1
    found[ord("_")] = 1
    found[ord("0") : ord("9") + 1] = 2
    found[[9, 10, 11, 12, 13, 32]] = 3
    return found


_KIND_OF_BYTE = _letters()


@numba.njit(cache=True, nogil=True)
def tokens_of(data: npt.NDArray[np.uint8], is_code: bool) -> tuple[Hashes, Numbers, Numbers]:
    """Cut a view into tokens.

    Parameters:
        data: Bytes of the view.
        is_code: Names may hold digits, and lines with their indentation are tokens.

    Returns:
        Hash of each token, its first byte, and its kind; shape (tokens,) each.

    Examples:
        >>> data = np.frombuffer(b"it isn't 12.", dtype=np.uint8)
        >>> hashes, starts, kinds = tokens_of(data, False)
        >>> starts.tolist(), kinds.tolist()
        ([0, 3, 9, 11], [0, 0, 1, 2])
    """
    hashes = np.empty(data.size + 1, dtype=np.uint64)
    starts = np.empty(data.size + 1, dtype=np.int32)
    kinds = np.empty(data.size + 1, dtype=np.int32)
    count, at = 0, 0
    line_begins = is_code
    while at < data.size:
        if line_begins:
            begin = at
            while at < data.size and data[at] == 32:
                at += 1
            depth = min((at - begin) // 4, _DEEPEST)
            hashes[count] = finish(mix(_SEED, np.uint64(LINE * 1000 + depth)))
            starts[count], kinds[count] = begin, LINE
            count += 1
            line_begins = False
            continue
        kind = _KIND_OF_BYTE[data[at]]
        if kind == 3:
            line_begins = is_code and data[at] == 10
            at += 1
            continue
        begin = at
        state = _SEED
        token = SIGN
        if kind == 1:
            token = WORD
            while at < data.size:
                byte = data[at]
                inner = _KIND_OF_BYTE[byte]
                joins = (
                    not is_code
                    and byte == 39
                    and at + 1 < data.size
                    and _KIND_OF_BYTE[data[at + 1]] == 1
                )
                if not (inner == 1 or joins or (is_code and inner == 2)):
                    break
                state = (state ^ np.uint64(byte)) * _PRIME
                at += 1
        elif kind == 2:
            # Which number it is says what is written about, not who writes.
            token = NUMBER
            while at < data.size and _KIND_OF_BYTE[data[at]] == 2:
                at += 1
            state = (state ^ np.uint64(256 + min(at - begin, 5))) * _PRIME
        else:
            state = (state ^ np.uint64(data[at])) * _PRIME
            at += 1
        hashes[count] = finish(mix(state, np.uint64(token)))
        starts[count], kinds[count] = begin, token
        count += 1
    return hashes[:count].copy(), starts[:count].copy(), kinds[:count].copy()


@numba.njit(cache=True, nogil=True)
def runs_of(hashes: Hashes, buckets: int) -> npt.NDArray[np.int32]:
    """Return the bucket of the run of 1, 2, 3 tokens that ends at each token.

    Parameters:
        hashes: Of tokens in order, shape (n,).
        buckets: Number of them.

    Returns:
        Shape (`ORDERS`, n); -1 where fewer tokens came before.

    Examples:
        >>> hashes, _, _ = tokens_of(np.frombuffer(b"a b a b", dtype=np.uint8), False)
        >>> runs = runs_of(hashes, 1024)
        >>> bool(runs[1, 1] == runs[1, 3]), bool(runs[0, 0] == runs[0, 1]), runs[2, :2].tolist()
        (True, False, [-1, -1])
    """
    runs = np.full((ORDERS, hashes.size), -1, dtype=np.int32)
    size = np.uint64(buckets)
    for at in range(hashes.size):
        state = _SEED
        for order in range(min(ORDERS, at + 1)):
            state = mix(state, hashes[at - order])
            runs[order, at] = np.int32(finish(mix(state, np.uint64(order))) % size)
    return runs


@numba.njit(cache=True, nogil=True)
def letters_of(data: npt.NDArray[np.uint8], buckets: int) -> npt.NDArray[np.int32]:
    """Return the buckets of runs of bytes, across words and signs.

    What stands between two words tells authors apart as well as what stands in them. Which digit
    it is, and how far a line is indented, does not.

    Parameters:
        data: Bytes of the view.
        buckets: Number of them.

    Returns:
        Every run of 2 to 5 bytes, with white space narrowed to one space and each digit read as 0.

    Examples:
        >>> letters = lambda text: set(letters_of(np.frombuffer(text, dtype=np.uint8), 1 << 20))
        >>> letters(b"in 1984") == letters(b"in 2025"), letters(b"a b") == letters(b"ab")
        (True, False)
    """
    least, most = _LETTERS
    size = np.uint64(buckets)
    room = np.empty(data.size + 2, dtype=np.uint8)
    found = np.empty((data.size + 2) * (most - least + 1), dtype=np.int32)
    count, length = 0, 1
    room[0] = 32
    for byte in data:
        if byte == 32 and room[length - 1] == 32:
            continue
        room[length] = 48 if _KIND_OF_BYTE[byte] == 2 else byte
        length += 1
    room[length] = 32
    length += 1
    for begin in range(length):
        state = _SEED
        for width in range(1, min(most, length - begin) + 1):
            state = (state ^ np.uint64(room[begin + width - 1])) * _PRIME
            if width >= least:
                found[count] = np.int32(finish(mix(state, np.uint64(width))) % size)
                count += 1
    return found[:count].copy()


@numba.njit(cache=True, nogil=True)
def counted(values: npt.NDArray[np.int32]) -> tuple[Numbers, Numbers]:
    """Return different values that are not negative, rising, and how often each stands there.

    Examples:
        >>> [each.tolist() for each in counted(np.array([5, -1, 2, 5], dtype=np.int32))]
        [[2, 5], [1, 2]]
    """
    ordered = np.sort(values)
    different = np.empty(ordered.size, dtype=np.int32)
    counts = np.empty(ordered.size, dtype=np.int32)
    size = 0
    for value in ordered:
        if value < 0:
            continue
        if size and different[size - 1] == value:
            counts[size - 1] += 1
        else:
            different[size], counts[size] = value, 1
            size += 1
    return different[:size].copy(), counts[:size].copy()


def hash_of(word: str) -> np.uint64:
    """Return the hash of one word as it stands in a text.

    Examples:
        >>> data = np.frombuffer(b"so it is", dtype=np.uint8)
        >>> bool(tokens_of(data, False)[0][1] == hash_of("it"))
        True
    """
    hashes, _, _ = tokens_of(np.frombuffer(word.encode(), dtype=np.uint8), False)
    return np.uint64(hashes[0])


def grouped(groups: Sequence[str]) -> tuple[Hashes, Numbers]:
    """Return the hashes of all listed words, rising, and the group of each.

    Parameters:
        groups: Words of each, with spaces between them.

    Examples:
        >>> hashes, group_of = grouped(["if else", "for"])
        >>> group_of[hashes == hash_of("for")].tolist()
        [1]
    """
    pairs = {hash_of(word): at for at, group in enumerate(groups) for word in group.split()}
    hashes = np.array(sorted(pairs), dtype=np.uint64)
    return hashes, np.array([pairs[each] for each in hashes], dtype=np.int32)
