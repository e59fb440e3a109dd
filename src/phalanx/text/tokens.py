"""From bytes to tokens: fold letters that look alike, mask what a template leaves open.

Numbers, quoted strings, code and addresses become one token each, so that two prompts
from one template agree in more of their tokens. Words of alphabetic scripts are one
token; in scripts written without spaces every character is one.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phalanx.text.hashing import finish, mix
from phalanx.text.letters import NO_LETTER, letter

NUMBER = np.uint64(11)
QUOTED = np.uint64(13)
CODE = np.uint64(17)
ADDRESS = np.uint64(19)

MAXIMUM_QUOTED_BYTES = 600
"""A quotation mark that is not closed within this many bytes is punctuation."""

_LETTER_SEED = np.uint64(0x51ED270B9F3A7D4D)


_OTHER, _WORD, _WORD_BEYOND_ASCII, _IDEOGRAPH, _BACKTICK, _QUOTE = range(6)


def _kinds_of_bytes() -> npt.NDArray[np.uint8]:
    """Return what a token may be that starts with each byte of UTF-8."""
    kinds = np.full(256, _OTHER, dtype=np.uint8)
    kinds[_LOWER > 0] = _WORD
    for first in (slice(0xC2, 0xE2), slice(0xEF, 0xF1)):
        kinds[first] = _WORD_BEYOND_ASCII
    kinds[0xE3:0xEE] = _IDEOGRAPH
    kinds[ord("`")], kinds[ord('"')] = _BACKTICK, _QUOTE
    return kinds


def _lower_case() -> npt.NDArray[np.uint8]:
    """Return the lower-case form of each ASCII letter, digit or underscore; 0 for others."""
    lower = np.zeros(256, dtype=np.uint8)
    for byte in range(128):
        if chr(byte).isalnum() or byte == ord("_"):
            lower[byte] = ord(chr(byte).lower())
    return lower


_LOWER = _lower_case()
_KIND = _kinds_of_bytes()
_AFTER_DIGITS = np.uint8(ord("9") + 1)
_SEVEN, _EIGHT = np.uint64(7), np.uint64(8)


@numba.njit(cache=True, nogil=True)
def _find(data: npt.NDArray[np.uint8], start: int, end: int, byte: int, stop_at_line: bool) -> int:
    """Position of `byte` in `data[start:end]`, or -1."""
    for position in range(start, end):
        if data[position] == byte:
            return position
        if stop_at_line and data[position] == 10:
            return -1
    return -1


@numba.njit(cache=True, nogil=True)
def _is_fence(data: npt.NDArray[np.uint8], start: int, end: int) -> bool:
    """Whether three backticks stand at `start`."""
    return start + 2 < end and data[start] == 96 and data[start + 1] == 96 and data[start + 2] == 96


@numba.njit(cache=True, nogil=True)
def _end_of_fence(data: npt.NDArray[np.uint8], start: int, end: int) -> int:
    """First byte after the closing triple backtick, or `end`."""
    for position in range(start, end - 2):
        if _is_fence(data, position, end):
            return position + 3
    return end


@numba.njit(cache=True, nogil=True)
def _end_of_address(data: npt.NDArray[np.uint8], start: int, end: int) -> int:
    """First white space after an address."""
    position = start
    while position < end and data[position] > 32:
        position += 1
    return position


@numba.njit(cache=True, nogil=True, inline="always")
def _push(
    state: np.uint64, chunk: np.uint64, length: np.uint64, byte: int
) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Add a byte to a word's hash, which takes in eight bytes at a time."""
    chunk = (chunk << _EIGHT) | np.uint64(byte)
    length += np.uint64(1)
    if length & _SEVEN == np.uint64(0):
        return mix(state, chunk), np.uint64(0), length
    return state, chunk, length


@numba.njit(cache=True, nogil=True, inline="always")
def _signed(position: np.uint64) -> int:
    return np.int64(position)  # type: ignore[return-value] # numba's int


@numba.njit(cache=True, nogil=True, inline="always")
def _word(data: npt.NDArray[np.uint8], start: int, end: int) -> tuple[int, np.uint64, np.bool_]:
    """Read one word: its end, the hash of its folded form, whether it holds a digit."""
    state, chunk, length = _LETTER_SEED, np.uint64(0), np.uint64(0)
    smallest = np.uint8(255)
    # Unsigned positions spare a test for negative ones at every byte.
    position, limit = np.uint64(start), np.uint64(end)
    while position < limit:
        lower = _LOWER[data[position]]
        if lower == 0:
            break
        smallest = min(smallest, lower)
        state, chunk, length = _push(state, chunk, length, lower)
        position += np.uint64(1)
    if position < limit and data[position] >= 0x80:
        return _word_beyond_ascii(data, position, limit, state, chunk, length, smallest)
    return _signed(position), finish(mix(state, chunk) ^ length), smallest < _AFTER_DIGITS


@numba.njit(cache=True, nogil=True)
def _word_beyond_ascii(
    data: npt.NDArray[np.uint8],
    position: np.uint64,
    limit: np.uint64,
    state: np.uint64,
    chunk: np.uint64,
    length: np.uint64,
    smallest: np.uint8,
) -> tuple[int, np.uint64, np.bool_]:
    """Read the rest of a word from its first letter outside ASCII on."""
    start = position
    while position < limit:
        lower, width = int(_LOWER[data[position]]), 1
        if lower == 0:
            lower, width = letter(data, _signed(position), _signed(limit))
        if lower == NO_LETTER:
            break
        if 0 < lower < 0x80:
            smallest = min(smallest, np.uint8(lower))
            state, chunk, length = _push(state, chunk, length, lower)
        elif lower > 0:
            for shift in (16, 8, 0):
                state, chunk, length = _push(state, chunk, length, (lower >> shift) & 0xFF)
        position += np.uint64(width)
    if length == np.uint64(0):
        # Nothing but what is invisible.
        position = start
    return _signed(position), finish(mix(state, chunk) ^ length), smallest < _AFTER_DIGITS


@numba.njit(cache=True, nogil=True)
def tokenise(
    data: npt.NDArray[np.uint8], start: int, end: int, tokens: npt.NDArray[np.uint64]
) -> tuple[int, int, int]:
    """Write the token hashes of `data[start:end]`, UTF-8, into `tokens`.

    Stops when `tokens` is full. Never reads outside the range, whatever the bytes are.

    Returns:
        Number of tokens, number of characters of scripts written without spaces among
        them, and number of code tokens.
    """
    count, ideographs, code = 0, 0, 0
    position = start
    while position < end and count < tokens.size:
        byte = data[np.uint64(position)]
        kind = _KIND[byte]
        if kind == _OTHER:
            position += 1
        elif kind in (_WORD, _WORD_BEYOND_ASCII):
            after, token, has_digit = _word(data, position, end)
            if after == position:
                position += 1
            elif after + 2 < end and data[after] == 58 and data[after + 1] == 47:
                tokens[count] = ADDRESS
                count += 1
                position = _end_of_address(data, after, end)
            else:
                tokens[np.uint64(count)] = NUMBER if has_digit else token
                count += 1
                position = after
        elif kind == _IDEOGRAPH:
            is_mark = byte == 0xE3 and position + 1 < end and data[position + 1] == 0x80
            if position + 2 < end and not is_mark:
                state = mix(_LETTER_SEED, np.uint64(byte))
                state = mix(state, np.uint64(data[position + 1]))
                tokens[count] = finish(mix(state, np.uint64(data[position + 2])))
                count += 1
                ideographs += 1
            position += 3 if position + 2 < end else 1
        elif kind == _BACKTICK and _is_fence(data, position, end):
            position = _end_of_fence(data, position + 3, end)
            tokens[count] = CODE
            count += 1
            code += 1
        else:
            limit = min(end, position + MAXIMUM_QUOTED_BYTES)
            closing = _find(data, position + 1, limit, byte, True)
            if closing < 0:
                position += 1
                continue
            tokens[count] = QUOTED if kind == _QUOTE else CODE
            count += 1
            code += kind == _BACKTICK
            position = closing + 1
    return count, ideographs, code


def tokens_of(text: str, limit: int = 4096) -> npt.NDArray[np.uint64]:
    r"""Return the token hashes of one text.

    Examples:
        >>> first, second = tokens_of('Grade "this" from 1'), tokens_of('grade "that" FROM 10')
        >>> bool((first == second).all())
        True
        >>> tokens_of("请评分").size
        3
    """
    data = np.frombuffer(text.encode() + b"\0", dtype=np.uint8)
    tokens = np.empty(limit, dtype=np.uint64)
    count, _, _ = tokenise(data, 0, data.size - 1, tokens)
    return tokens[:count].copy()
