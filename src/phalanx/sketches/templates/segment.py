"""An immutable part of an index: sketches of one epoch, in tables by bands.

A band is four of the 128 values. The table of a band holds the rows in the order of a hash of it:
where each bucket begins, and for each row 24 bits of its number and 8 more of the hash, so that
the sketch itself, which lies somewhere in a gigabyte, is hardly looked at in vain. Beside the table
8 to 16 bits a row tell which hashes there are: of nine bands out of ten no more than one of them is
looked at, and memory is what a look-up waits for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numba
import numpy as np
import numpy.typing as npt

from phalanx.sketches.shape import PERMUTATIONS
from phalanx.sketches.templates.rows import TemplateRows

BAND_VALUES = 4
BANDS = PERMUTATIONS // BAND_VALUES
MOST_ROWS = 1 << 24
"""Rows of a segment; a longer list has several."""

MOST_CAMPAIGNS = 64
"""Campaigns that are named for one prompt."""

MOST_CANDIDATES = 1 << 14
"""Sketches that are compared with one view of a prompt, so that nobody can slow all lookups down
by sharing many sketches that share a band."""

_MOST_BUCKET_BITS = 20
_BITS_PER_ROW = 8
"""At least, of those that tell which hashes there are."""

_WORD_BITS, _IN_WORD = np.uint64(6), np.uint64(63)
_ROWS_PER_BUCKET = 8
_ROW_BITS, _ROW_MASK = np.uint64(24), np.uint64(MOST_ROWS - 1)
_MULTIPLIER, _ALL_BITS = np.uint64(0x9E3779B1), np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Segment:
    """Sketches, and how to find them."""

    rows: TemplateRows
    alive: npt.NDArray[np.bool_]
    """Which rows were not removed."""

    present: npt.NDArray[np.uint64]
    """A bit for each of the uppermost bits of a hash: whether a row has them, shape
    (BANDS, words), where there are a power of two of words."""

    bucket_bits: int
    starts: npt.NDArray[np.uint32]
    """Where each bucket begins, shape (BANDS, buckets + 1)."""

    entries: npt.NDArray[np.uint32]
    """Rows by bucket, with 8 bits of the hash above them, shape (BANDS, rows)."""

    by_indicator: npt.NDArray[np.uint32]
    """Rows in order of the first half of their indicators."""

    def without(self, removed: npt.NDArray[np.uint64]) -> Segment:
        """Return the segment without the rows of some indicators.

        Parameters:
            removed: UUIDs in two halves, shape (indicators, 2).
        """
        first = self.rows.indicator[:, 0]
        left = np.searchsorted(first, removed[:, 0], "left", sorter=self.by_indicator)
        right = np.searchsorted(first, removed[:, 0], "right", sorter=self.by_indicator)
        alive = self.alive
        for which in np.flatnonzero(left < right).tolist():
            found = self.by_indicator[left[which] : right[which]]
            gone = found[self.rows.indicator[found, 1] == removed[which, 1]]
            if alive[gone].any():
                alive = self.alive.copy() if alive is self.alive else alive
                alive[gone] = False
        return self if alive is self.alive else replace(self, alive=alive)

    def only(self, kept: npt.NDArray[np.bool_]) -> Segment:
        """Return the segment with no more than some of its rows."""
        alive = self.alive & kept
        return self if bool((alive == self.alive).all()) else replace(self, alive=alive)

    @property
    def size_bytes(self) -> int:
        """Memory that the arrays take."""
        rows = self.rows
        arrays = (
            rows.minhash, rows.indicator, rows.campaign, rows.valid_until_us,
            self.alive, self.present, self.starts, self.entries, self.by_indicator,
        )  # fmt: skip
        return sum(array.nbytes for array in arrays)


def segment_of(rows: TemplateRows) -> Segment:
    """Make the tables.

    Parameters:
        rows: From 1 to `MOST_ROWS`.
    """
    count = len(rows)
    bits = min(_MOST_BUCKET_BITS, max(0, (count // _ROWS_PER_BUCKET).bit_length()))
    starts = np.zeros((BANDS, (1 << bits) + 1), dtype=np.uint32)
    entries = np.empty((BANDS, count), dtype=np.uint32)
    present = np.zeros(
        (BANDS, 1 << max(0, (_BITS_PER_ROW * count - 1).bit_length() - 6)), np.uint64
    )
    _fill(rows.minhash, np.uint64(bits), present, starts, entries)
    order = np.argsort(rows.indicator[:, 0], kind="stable").astype(np.uint32)
    return Segment(rows, np.ones(count, dtype=np.bool_), present, bits, starts, entries, order)


@numba.njit(cache=True, nogil=True, inline="always")
def _hash_of(minhash: npt.NDArray[np.uint8], row: int, band: int) -> np.uint64:
    """Hash the values of a band to 32 bits, one to one."""
    together = np.uint64(0)
    for value in range(BAND_VALUES):
        together = (together << np.uint64(8)) | np.uint64(minhash[row, band * BAND_VALUES + value])
    # Each step can be undone within 32 bits, so that different bands stay different.
    together = ((together ^ (together >> np.uint64(16))) * _MULTIPLIER) & _ALL_BITS
    return together ^ (together >> np.uint64(15))


@numba.njit(cache=True, nogil=True, inline="always")
def _bucket_and_tag(hashed: np.uint64, bits: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return the uppermost bits, and the eight below them."""
    return hashed >> (np.uint64(32) - bits), (hashed >> (np.uint64(24) - bits)) & np.uint64(0xFF)


@numba.njit(cache=True, nogil=True, inline="always")
def _bit_of(hashed: np.uint64, words: int) -> tuple[np.uint64, np.uint64]:
    """Return the word that tells of a hash, and the bit in it."""
    # The uppermost bits: as many as there are places.
    place = (hashed * (np.uint64(words) << _WORD_BITS)) >> np.uint64(32)
    return place >> _WORD_BITS, np.uint64(1) << (place & _IN_WORD)


@numba.njit(cache=True, nogil=True)
def _fill(
    minhash: npt.NDArray[np.uint8],
    bits: np.uint64,
    present: npt.NDArray[np.uint64],
    starts: npt.NDArray[np.uint32],
    entries: npt.NDArray[np.uint32],
) -> None:
    """Sort the rows by bucket, by counting."""
    rows = minhash.shape[0]
    for band in range(BANDS):
        begin = starts[band]
        for row in range(rows):
            hashed = _hash_of(minhash, row, band)
            word, bit = _bit_of(hashed, present.shape[1])
            present[band, word] |= bit
            bucket, _ = _bucket_and_tag(hashed, bits)
            begin[bucket + np.uint64(1)] += np.uint32(1)
        for later in range(1, begin.size):
            begin[later] += begin[later - 1]
        place = begin[:-1].copy()
        for row in range(rows):
            bucket, tag = _bucket_and_tag(_hash_of(minhash, row, band), bits)
            entries[band, place[bucket]] = np.uint32((tag << _ROW_BITS) | np.uint64(row))
            place[bucket] += np.uint32(1)


@numba.njit(cache=True, nogil=True)
def _agreeing(
    first: npt.NDArray[np.uint8], row: int, second: npt.NDArray[np.uint8], other: int
) -> int:
    """Count the values that two sketches have in common."""
    agreeing = np.int32(0)
    for value in range(PERMUTATIONS):
        agreeing += np.int32(first[row, value] == second[other, value])
    return agreeing  # type: ignore[return-value] # numba's int


@numba.njit(cache=True, nogil=True)
def look_up(
    views: npt.NDArray[np.uint8],
    owner: npt.NDArray[np.int64],
    needed: int,
    now_us: int,
    minhash: npt.NDArray[np.uint8],
    campaign: npt.NDArray[np.int32],
    valid_until_us: npt.NDArray[np.int64],
    alive: npt.NDArray[np.bool_],
    present: npt.NDArray[np.uint64],
    bits: np.uint64,
    starts: npt.NDArray[np.uint32],
    entries: npt.NDArray[np.uint32],
    found_rows: npt.NDArray[np.uint32],
    found_agreeing: npt.NDArray[np.uint8],
    found: npt.NDArray[np.int32],
    cut_short: npt.NDArray[np.bool_],
) -> None:
    """Find for each prompt the row of each campaign that is most alike.

    Parameters:
        views: Sketches of views of prompts, shape (views, 128).
        owner: Prompt of each view.
        needed: Values that must agree.
        now_us: Rows that end by then are passed over.
        minhash: With what follows up to `entries`, the segment.
        found_rows: Filled with rows, shape (prompts, MOST_CAMPAIGNS); so is `found_agreeing`,
            and `found` with how many there are.
        cut_short: Set for prompts for which there was more to compare or to name.
    """
    for view in range(views.shape[0]):
        prompt = owner[view]
        candidates = 0
        for band in range(BANDS):
            hashed = _hash_of(views, view, band)
            word, bit = _bit_of(hashed, present.shape[1])
            if present[band, word] & bit == np.uint64(0):
                continue
            bucket, tag = _bucket_and_tag(hashed, bits)
            begin, end = starts[band, bucket], starts[band, bucket + np.uint64(1)]
            for place in range(begin, end):
                entry = np.uint64(entries[band, place])
                if entry >> _ROW_BITS != tag:
                    continue
                row = int(entry & _ROW_MASK)
                candidates += 1
                if candidates > MOST_CANDIDATES:
                    cut_short[prompt] = True
                    break
                if not alive[row] or valid_until_us[row] <= now_us:
                    continue
                agreeing = _agreeing(views, view, minhash, row)
                if agreeing < needed:
                    continue
                known, named = 0, found[prompt]
                while known < named and campaign[found_rows[prompt, known]] != campaign[row]:
                    known += 1
                if known == MOST_CAMPAIGNS:
                    cut_short[prompt] = True
                elif known == found[prompt] or agreeing > found_agreeing[prompt, known]:
                    found_rows[prompt, known] = row
                    found_agreeing[prompt, known] = agreeing
                    found[prompt] = max(found[prompt], known + 1)
            if candidates > MOST_CANDIDATES:
                break


@numba.njit(cache=True, nogil=True)
def most_alike(
    views: npt.NDArray[np.uint8],
    count: int,
    needed: int,
    now_us: int,
    minhash: npt.NDArray[np.uint8],
    campaign: npt.NDArray[np.int32],
    valid_until_us: npt.NDArray[np.int64],
    alive: npt.NDArray[np.bool_],
    present: npt.NDArray[np.uint64],
    bits: int,
    starts: npt.NDArray[np.uint32],
    entries: npt.NDArray[np.uint32],
) -> tuple[int, int]:
    """Return how many values agree with the row that one prompt is most alike, and that row.

    Parameters:
        views: Sketches of the views of the prompt, of which the first `count` are looked up.
        needed: Values that must agree; what follows is as for `look_up`.

    Returns:
        (0, -1) if none is alike. Of several that are as much alike, that of the campaign that was
        met first.
    """
    rows = np.empty((1, MOST_CAMPAIGNS), dtype=np.uint32)
    agreeing = np.empty((1, MOST_CAMPAIGNS), dtype=np.uint8)
    found, cut_short = np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.bool_)
    look_up(
        views[:count], np.zeros(count, dtype=np.int64), needed, now_us, minhash, campaign,
        valid_until_us, alive, present, np.uint64(bits), starts, entries, rows, agreeing, found,
        cut_short,
    )  # fmt: skip
    best = (0, -1)
    for place in range(found[0]):
        if agreeing[0, place] > best[0]:
            best = (np.int64(agreeing[0, place]), np.int64(rows[0, place]))  # type: ignore[assignment] # numba's ints
    return best
