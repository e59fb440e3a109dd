"""From a text to phrases: keyed numbers for pairs of words that stand next to each other.

What a model said comes back shortened, reworded, inside a longer text, in another layout. So
letters are folded as a reader sees them, layout and punctuation are passed over, words that only
join others are left out, and a phrase is a pair of neighbours among those that are left, in either
order. A text is cut into parts of bounded size, so that a part says where in a long text something
stands, and how much two parts share by chance does not grow with their length.

Of a long part only some phrases are kept: those whose number ends in zeros. The same phrases are
kept everywhere, so that shares are estimated without bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.logs.siphash import Key, absorb, close_state, hash_key, open_state
from phalanx.text.hashing import text_buffers
from phalanx.text.tokens import ADDRESS, tokenise, tokens_of

PART_WORDS = 256
"""Words of a part that are not left out; the last part of a text may be shorter."""

MOST_KEPT = 64
"""Phrases of a part that an index keeps, at most."""

MOST_LEVEL = 2
"""Zeros at the end of the phrases that are kept of the longest parts."""

MOST_TOKENS = 1 << 20
"""Of a text, some six megabytes; what comes after is not read, which is told."""

NUMBER_BITS = 48
"""Of a phrase that are kept."""

_JOINING = (
    "the of and to a in is it that was for on are as with be at this have from or by not but they "
    "you we he she his her their which can will had has were been an if there what when who so "
    "would all my i one more about up out them no do our your than also these its may such into "
    "some other how any could should only over most then because while just very"
)
_LEFT_OUT = np.unique(tokens_of(_JOINING))
_LOW_BITS = np.uint64(64 - NUMBER_BITS)
_SWAPPED = np.arange(256, dtype=np.uint8)
_SWAPPED[[ord('"'), ord("`")]] = ord(" ")
"""What is quoted or fenced is read as what stands around it."""

Numbers = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases of texts, in order of their parts."""

    numbers: Numbers
    """Without their last bits, each once for each part, shape (phrases,)."""

    words: npt.NDArray[np.uint16]
    """Place of each among the words of its part that were not left out, shape (phrases,)."""

    levels: npt.NDArray[np.uint8]
    """Zeros at the end of each, up to `MOST_LEVEL`, shape (phrases,)."""

    starts: npt.NDArray[np.int64]
    """Where the phrases of each part begin, shape (parts + 1,)."""

    texts: npt.NDArray[np.int64]
    """Text of each part, shape (parts,)."""

    tokens: npt.NDArray[np.int32]
    """First token of each part, and the one after its last, shape (parts, 2)."""

    cut_short: npt.NDArray[np.bool_]
    """Texts that go on beyond what is read, shape (texts,)."""


def index_key(secret: bytes) -> Key:
    """Derive the key of phrases from the secret of the house."""
    return hash_key(b"phalanx served responses 1" + secret)


def phrases_of(texts: pa.Array, key: Key, *, overlapping: bool) -> Phrases:
    """Return the phrases of texts.

    Parameters:
        texts: String array in one chunk; a null has none.
        key: Numbers under two keys have nothing in common.
        overlapping: Parts begin every half part, so that any run of half a part lies in one of
            them; else they follow each other.

    References:
        Broder, "On the resemblance and containment of documents", SEQUENCES 1997; Aumasson &
        Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012.

    Examples:
        >>> texts = pa.array(["Rain *falls* on roofs,", "on roofs, `rain` falls ..."])
        >>> found = phrases_of(texts, index_key(bytes(32)), overlapping=False)
        >>> found.starts.tolist(), bool(found.numbers[0] in found.numbers[2:])
        ([0, 2, 4], True)
    """
    offsets, data = text_buffers(texts.fill_null(""))
    return Phrases(*_phrases(offsets, data, key, 2 if overlapping else 1, _LEFT_OUT, _SWAPPED))


@dataclass(frozen=True, slots=True)
class Kept:
    """What an index keeps of parts."""

    numbers: Numbers
    """Of phrases, in order of parts."""

    counts: npt.NDArray[np.int64]
    """How many of each part, shape (parts,)."""

    sizes: npt.NDArray[np.uint8]
    """How many of them share no word with another, shape (parts,)."""

    levels: npt.NDArray[np.uint8]
    """Zeros at the end of those of each part, shape (parts,)."""


def kept(phrases: Phrases) -> Kept:
    """Return what an index keeps of parts: about `MOST_KEPT` phrases of each, or all."""
    return Kept(*_kept(phrases.numbers, phrases.words, phrases.levels, phrases.starts))


@numba.njit(cache=True, nogil=True)
def _is_left_out(token: np.uint64, left_out: Numbers) -> bool:
    if token <= ADDRESS:
        return True
    at = np.searchsorted(left_out, token)
    return bool(at < left_out.size and left_out[at] == token)


@numba.njit(cache=True, nogil=True)
def _phrases(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    key: Key,
    overlap: int,
    left_out: Numbers,
    swapped: npt.NDArray[np.uint8],
) -> tuple[
    Numbers,
    npt.NDArray[np.uint16],
    npt.NDArray[np.uint8],
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
    npt.NDArray[np.int32],
    npt.NDArray[np.bool_],
]:
    rows = offsets.size - 1
    # A word takes at least one byte; each stands in `overlap` parts.
    room = overlap * (offsets[-1] - offsets[0]) + 1
    numbers = np.empty(room, dtype=np.uint64)
    words = np.empty(room, dtype=np.uint16)
    levels = np.empty(room, dtype=np.uint8)
    step = PART_WORDS // overlap
    most_parts = rows + room // step + 1
    starts = np.zeros(most_parts + 1, dtype=np.int64)
    texts = np.empty(most_parts, dtype=np.int64)
    spans = np.empty((most_parts, 2), dtype=np.int32)
    tokens = np.empty(MOST_TOKENS, dtype=np.uint64)
    places = np.empty(MOST_TOKENS, dtype=np.int32)
    cut_short = np.zeros(rows, dtype=np.bool_)
    filled, parts = 0, 0
    for row in range(rows):
        plain = swapped[data[offsets[row] : offsets[row + 1]]]
        count, _, _ = tokenise(plain, 0, plain.size, tokens)
        cut_short[row] = count == MOST_TOKENS
        said = 0
        for at in range(count):
            if not _is_left_out(tokens[at], left_out):
                tokens[said], places[said] = tokens[at], at
                said += 1
        begin = 0
        while begin + 1 < said:
            end = min(said, begin + PART_WORDS)
            filled = _part(tokens, begin, end, key, numbers, words, levels, filled)
            texts[parts] = row
            spans[parts, 0], spans[parts, 1] = places[begin], places[end - 1] + 1
            parts += 1
            starts[parts] = filled
            if end == said:
                break
            begin += step
    return (
        numbers[:filled].copy(), words[:filled].copy(), levels[:filled].copy(),
        starts[: parts + 1].copy(), texts[:parts].copy(), spans[:parts].copy(), cut_short,
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _part(
    tokens: Numbers,
    begin: int,
    end: int,
    key: Key,
    numbers: Numbers,
    words: npt.NDArray[np.uint16],
    levels: npt.NDArray[np.uint8],
    filled: int,
) -> int:
    """Write the phrases of one part, each where it stands first; return where they end."""
    opened = open_state(key)
    found = np.empty(end - begin - 1, dtype=np.uint64)
    for at in range(begin, end - 1):
        low, high = min(tokens[at], tokens[at + 1]), max(tokens[at], tokens[at + 1])
        found[at - begin] = close_state(absorb(absorb(opened, low), high), 2)
    order = np.argsort(found, kind="mergesort")
    first = np.ones(found.size, dtype=np.bool_)
    for at in range(1, found.size):
        if found[order[at]] == found[order[at - 1]]:
            first[order[at]] = False
    for at in range(found.size):
        if first[at]:
            numbers[filled] = found[at] >> _LOW_BITS
            words[filled] = at
            level = 0
            while level < MOST_LEVEL and not (found[at] >> np.uint64(level)) & np.uint64(1):
                level += 1
            levels[filled] = level
            filled += 1
    return filled


@numba.njit(cache=True, nogil=True)
def _kept(
    numbers: Numbers,
    words: npt.NDArray[np.uint16],
    levels: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
) -> tuple[Numbers, npt.NDArray[np.int64], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    parts = starts.size - 1
    chosen = np.empty(numbers.size, dtype=np.uint64)
    counts = np.zeros(parts, dtype=np.int64)
    sizes = np.zeros(parts, dtype=np.uint8)
    of_part = np.empty(parts, dtype=np.uint8)
    filled = 0
    for part in range(parts):
        begin, end = starts[part], starts[part + 1]
        least = 0
        while least < MOST_LEVEL and (levels[begin:end] >= least).sum() > MOST_KEPT:
            least += 1
        of_part[part] = least
        free = 0
        for at in range(begin, end):
            if levels[at] < least or counts[part] == 2 * MOST_KEPT:
                continue
            chosen[filled] = numbers[at]
            filled += 1
            counts[part] += 1
            if words[at] >= free:
                sizes[part] += 1
                free = words[at] + 2
    return chosen[:filled].copy(), counts, sizes, of_part
