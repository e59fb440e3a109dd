"""Looking texts up: which parts of what was served share how many phrases with them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.authorship.served.chance import chances, log10_chance_of_match
from phalanx.authorship.served.index import ServedIndex
from phalanx.authorship.served.phrases import MOST_LEVEL, Phrases, index_key, phrases_of
from phalanx.authorship.served.segment import COMMON, ROW_BITS, split_bits

MOST_GATHERED = 1 << 16
"""Places of an index that are gathered for one part of a text, so that nobody can slow all look-ups
down with a text of phrases that are just rare enough."""

MOST_MATCHES = 4
"""Matches that are kept of each part of a text, the least likely ones."""

_PLACE_BITS = np.uint64(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A part of what was served that a part of a text shares phrases with."""

    log10_p: float
    """Chance of the best match of such a text, with all candidates and all parts counted."""

    common: int
    """Phrases in common that share no word with each other."""

    phrases: int
    """The same of all phrases of the smaller of the two parts."""

    candidates: int
    """Parts of the index that share any phrase with this part of the text."""

    tokens: tuple[int, int]
    """Where in the text: first token, and the one after the last."""

    account: str | None
    """To whom it was served."""

    time_us: int
    """When, microseconds since 1970 in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found of one text."""

    matches: tuple[Match, ...]
    """The least likely first; of each part of the text at most `MOST_MATCHES`."""

    parts: int
    """Parts of the text that were looked up."""

    phrases: int
    """Phrases of its longest part that share no word with each other."""

    common: int
    """Phrases that stand in so many entries that they tell nothing, among `known`."""

    known: int
    """Phrases of all parts that stand in any entry."""

    alike: int
    """Parts of the index that share as much with the text as the best match does, itself among
    them: what was served to many accounts singles out none of them. 0 without a match."""

    cut_short: bool
    """Whether there was more to read, or to compare, than is."""


def look_up(texts: pa.Array, index: ServedIndex, secret: bytes) -> list[Found]:
    """Look texts up.

    Null hypothesis of each match: the text was written without what was served, on the same subject
    or another.

    Parameters:
        texts: String array in one chunk.
        index: That is open.
        secret: With which it was made.
    """
    phrases = phrases_of(texts, index_key(secret), overlapping=True)
    parts = phrases.texts.size
    best = np.zeros((parts, MOST_MATCHES))
    where = np.full((parts, MOST_MATCHES, 4), -1, dtype=np.int64)
    candidates = np.zeros((parts, 2), dtype=np.int64)
    known = np.zeros((parts, 2), dtype=np.int64)
    cut_short = phrases.cut_short[phrases.texts]
    sizes = _sizes(phrases.words, phrases.levels, phrases.starts)
    gathered = np.empty(MOST_GATHERED, dtype=np.uint64)
    for number, segment in enumerate(index.segments):
        rest, mask = split_bits(segment.bucket_bits)
        _look_up(
            phrases.numbers, phrases.words, phrases.starts, sizes, number, segment.starts,
            segment.entries, rest, mask, segment.sizes, segment.levels, chances(), gathered,
            best, where, candidates, known, cut_short,
        )  # fmt: skip
    bounds = np.searchsorted(phrases.texts, np.arange(len(texts) + 1)).tolist()
    return [
        _of_text(index, phrases, slice(*pair), sizes, best, where, candidates, known, cut_short)
        for pair in pairwise(bounds)
    ]


def _of_text(
    index: ServedIndex,
    phrases: Phrases,
    parts: slice,
    sizes: npt.NDArray[np.int64],
    best: npt.NDArray[np.float64],
    where: npt.NDArray[np.int64],
    candidates: npt.NDArray[np.int64],
    known: npt.NDArray[np.int64],
    cut_short: npt.NDArray[np.bool_],
) -> Found:
    count = parts.stop - parts.start
    matches = []
    alike: dict[tuple[int, int], int] = {}
    for part in range(parts.start, parts.stop):
        for place in range(MOST_MATCHES):
            number, row, shared, smaller = where[part, place].tolist()
            if number < 0:
                continue
            segment = index.segments[number]
            where_in_text = int(phrases.tokens[part, 0]), int(phrases.tokens[part, 1])
            alike[where_in_text] = int(candidates[part, 1])
            matches.append(
                Match(
                    log10_p=log10_chance_of_match(
                        float(best[part, place]), int(candidates[part, 0]), count
                    ),
                    common=shared,
                    phrases=smaller,
                    candidates=int(candidates[part, 0]),
                    tokens=where_in_text,
                    account=segment.account_of(row),
                    time_us=int(segment.times[row]),
                )
            )
    ordered = tuple(sorted(matches, key=lambda match: (match.log10_p, -match.common)))
    return Found(
        matches=ordered,
        parts=count,
        phrases=int(sizes[parts, 0].max(initial=0)),
        common=int(known[parts, 1].sum()),
        known=int(known[parts].sum()),
        alike=alike[ordered[0].tokens] if ordered else 0,
        cut_short=bool(cut_short[parts].any()),
    )


@numba.njit(cache=True, nogil=True)
def _sizes(
    words: npt.NDArray[np.uint16], levels: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Count the phrases of each part and level that share no word with each other."""
    sizes = np.zeros((starts.size - 1, MOST_LEVEL + 1), dtype=np.int64)
    for part in range(sizes.shape[0]):
        for level in range(MOST_LEVEL + 1):
            free = 0
            for at in range(starts[part], starts[part + 1]):
                if levels[at] >= level and words[at] >= free:
                    sizes[part, level] += 1
                    free = words[at] + 2
    return sizes


@numba.njit(cache=True, nogil=True)
def _bucket(
    starts: npt.NDArray[np.uint64],
    entries: npt.NDArray[np.uint64],
    number: np.uint64,
    rest: np.uint64,
    mask: np.uint64,
) -> tuple[int, int]:
    """Return where the entries of a phrase begin and end; never leaves the arrays."""
    bucket = number >> rest
    low = min(starts[bucket], np.uint64(entries.size))
    high = min(starts[bucket + np.uint64(1)], np.uint64(entries.size))
    wanted = number & mask
    begin, end = np.int64(low), np.int64(high)
    last = end
    while begin < end:
        middle = (begin + end) >> 1
        if entries[middle] >> ROW_BITS < wanted:
            begin = middle + 1
        else:
            end = middle
    end = begin
    while end < last and entries[end] >> ROW_BITS == wanted:
        end += 1
    return begin, end  # type: ignore[return-value] # numba's int


@numba.njit(cache=True, nogil=True)
def _look_up(
    numbers: npt.NDArray[np.uint64],
    words: npt.NDArray[np.uint16],
    part_starts: npt.NDArray[np.int64],
    part_sizes: npt.NDArray[np.int64],
    segment: int,
    starts: npt.NDArray[np.uint64],
    entries: npt.NDArray[np.uint64],
    rest: np.uint64,
    mask: np.uint64,
    sizes: npt.NDArray[np.uint8],
    levels: npt.NDArray[np.uint8],
    table: npt.NDArray[np.float64],
    gathered: npt.NDArray[np.uint64],
    best: npt.NDArray[np.float64],
    where: npt.NDArray[np.int64],
    candidates: npt.NDArray[np.int64],
    known: npt.NDArray[np.int64],
    cut_short: npt.NDArray[np.bool_],
) -> None:
    """Add what a segment has to the best matches of each part."""
    for part in range(part_starts.size - 1):
        count = 0
        for at in range(part_starts[part], part_starts[part + 1]):
            begin, end = _bucket(starts, entries, numbers[at], rest, mask)
            if begin < end:
                known[part, np.int64((entries[begin] & COMMON) == COMMON)] += 1
            for place in range(begin, end):
                row = entries[place] & COMMON
                if count == gathered.size:
                    cut_short[part] = True
                elif row < np.uint64(sizes.size):
                    gathered[count] = (row << _PLACE_BITS) | np.uint64(words[at])
                    count += 1
        found = gathered[:count]
        found.sort()
        first = 0
        while first < count:
            row = np.int64(found[first] >> _PLACE_BITS)
            shared, free, after = 0, np.uint64(0), first
            while after < count and np.int64(found[after] >> _PLACE_BITS) == row:
                word = found[after] & np.uint64(0xFFFF)
                if word >= free:
                    shared += 1
                    free = word + np.uint64(2)
                after += 1
            first = after
            candidates[part, 0] += 1
            if shared < 3:
                continue
            level = min(levels[row], np.uint8(MOST_LEVEL))
            smaller = min(np.int64(sizes[row]), part_sizes[part, level])
            smaller = min(smaller, np.int64(table.shape[0] - 1))
            chance = table[smaller, min(shared, smaller)]
            # How many entries are as good as the best, of all segments so far.
            if chance < best[part, 0]:
                candidates[part, 1] = 1
            elif chance == best[part, 0] and chance < 0.0:
                candidates[part, 1] += 1
            last = best.shape[1] - 1
            if chance >= best[part, last]:
                continue
            while last > 0 and best[part, last - 1] > chance:
                best[part, last] = best[part, last - 1]
                where[part, last] = where[part, last - 1]
                last -= 1
            best[part, last] = chance
            where[part, last, 0], where[part, last, 1] = segment, row
            where[part, last, 2], where[part, last, 3] = min(shared, smaller), smaller
