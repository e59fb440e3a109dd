"""From tokens to sketches: keyed shingles, MinHash, SimHash.

A shingle is three canonical tokens in a row of which two at least are words; it is hashed by
SipHash-2-4 under the key of the group, and only then compared and cut down to bits. Who does not
hold the key can test no guess. Sketches depend on the set of a prompt's shingles alone, not on
how often one stands there.

All of this is a format: members compare sketches that different versions of Phalanx made. Whoever
changes what comes out changes `CANONICALISER`.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import numba
import numpy as np
import numpy.typing as npt

from phalanx.logs.siphash import Key, siphash_words
from phalanx.sketches.shape import PERMUTATIONS
from phalanx.text.hashing import finish, mix
from phalanx.text.tokens import ADDRESS, tokenise

CANONICALISER = "phalanx/1"
SHINGLE_WORDS = 3
MINHASH_BITS: Literal[8] = 8
MAXIMUM_TOKENS = 1024
"""Tokens of a prompt that are read."""

FEWEST_SHINGLES = 12
"""A prompt of fewer distinct shingles has no sketch: too many people say the same by chance."""

_FIRST_VIEW_TOKENS = 16
MOST_VIEWS = 7
"""The first 16, 32, ... 512 tokens of a prompt, and all of it."""

_TABLE = 2048
"""Places of the table that knows which shingles came before; a power of two."""

_DRAWN = np.frombuffer(
    hashlib.shake_256(b"phalanx/1 permutations").digest(PERMUTATIONS * 8), dtype="<u4"
).astype(np.uint32)
_MASKS = _DRAWN[:PERMUTATIONS].copy()
_MULTIPLIERS = _DRAWN[PERMUTATIONS:] | np.uint32(1)
_CUT = np.uint64(0x3C6EF372FE94F82B)


@numba.njit(cache=True, nogil=True)
def _shingles_of(
    tokens: npt.NDArray[np.uint64],
    count: int,
    key: Key,
    table: npt.NDArray[np.uint64],
    shingles: npt.NDArray[np.uint64],
    ends: npt.NDArray[np.int64],
) -> int:
    """Write the distinct shingles in order, and how many there are at the end of each view.

    Returns:
        The number of views. A view that has no more shingles than the one before is left out.
    """
    table[:] = np.uint64(0)
    found, views, checkpoint = 0, 0, _FIRST_VIEW_TOKENS
    for position in range(count - SHINGLE_WORDS + 1):
        masked = 0
        for offset in range(SHINGLE_WORDS):
            masked += tokens[position + offset] <= ADDRESS
        if masked < 2:
            value = max(siphash_words(tokens, position, SHINGLE_WORDS, key), np.uint64(1))
            place = value & np.uint64(_TABLE - 1)
            while table[place] != np.uint64(0) and table[place] != value:
                place = (place + np.uint64(1)) & np.uint64(_TABLE - 1)
            if table[place] == np.uint64(0):
                table[place] = value
                shingles[found] = value
                found += 1
        if position + SHINGLE_WORDS == count or position + SHINGLE_WORDS == checkpoint:
            checkpoint = 2 * checkpoint if position + SHINGLE_WORDS == checkpoint else checkpoint
            if found >= FEWEST_SHINGLES and (views == 0 or ends[views - 1] < found):
                ends[views] = found
                views += 1
    return views


@numba.njit(cache=True, nogil=True)
def _take_in(
    shingles: npt.NDArray[np.uint64],
    start: int,
    end: int,
    minima: npt.NDArray[np.uint32],
    masks: npt.NDArray[np.uint32],
    multipliers: npt.NDArray[np.uint32],
) -> None:
    """Lower the minima by some shingles; each permutation of 32 bits is a bijection."""
    for position in range(start, end):
        value = np.uint32(shingles[position] >> np.uint64(32))
        for permutation in range(PERMUTATIONS):
            permuted = np.uint32((value ^ masks[permutation]) * multipliers[permutation])
            minima[permutation] = min(minima[permutation], permuted)


@numba.njit(cache=True, nogil=True)
def _cut(minima: npt.NDArray[np.uint32], values: npt.NDArray[np.uint8]) -> None:
    """Keep eight bits of each minimum: those of two different ones agree once in 256."""
    for permutation in range(PERMUTATIONS):
        state = mix(_CUT + np.uint64(permutation), np.uint64(minima[permutation]))
        values[permutation] = np.uint8(finish(state) & np.uint64(0xFF))


@numba.njit(cache=True, nogil=True)
def _simhash(shingles: npt.NDArray[np.uint64], count: int) -> np.uint64:
    """Bit by bit what most shingles have; where as many have as have not, what the least has."""
    sums = np.zeros(64, dtype=np.int32)
    least = np.uint64(0xFFFFFFFFFFFFFFFF)
    for position in range(count):
        value = finish(shingles[position])
        least = min(least, value)
        for bit in range(64):
            sums[bit] += np.int32((value >> np.uint64(bit)) & np.uint64(1))
    result = np.uint64(0)
    for bit in range(64):
        one = (least >> np.uint64(bit)) & np.uint64(1)
        if 2 * sums[bit] > count or (2 * sums[bit] == count and one == np.uint64(1)):
            result |= np.uint64(1) << np.uint64(bit)
    return result


@numba.njit(cache=True, nogil=True)
def sketch_rows(
    offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], key: Key
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """Sketch whole prompts.

    Returns:
        MinHash of shape (rows, PERMUTATIONS), SimHash, and tokens; 0 tokens: no sketch.
    """
    rows = offsets.size - 1
    minhash = np.zeros((rows, PERMUTATIONS), dtype=np.uint8)
    simhash = np.zeros(rows, dtype=np.uint64)
    length = np.zeros(rows, dtype=np.int32)
    tokens = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    shingles = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    table = np.empty(_TABLE, dtype=np.uint64)
    ends = np.empty(MOST_VIEWS + 1, dtype=np.int64)
    minima = np.empty(PERMUTATIONS, dtype=np.uint32)
    for row in range(rows):
        count, _, _ = tokenise(data, offsets[row], offsets[row + 1], tokens)
        views = _shingles_of(tokens, count, key, table, shingles, ends)
        if views > 0:
            found = ends[views - 1]
            minima[:] = np.uint32(0xFFFFFFFF)
            _take_in(shingles, 0, found, minima, _MASKS, _MULTIPLIERS)
            _cut(minima, minhash[row])
            simhash[row] = _simhash(shingles, found)
            length[row] = count
    return minhash, simhash, length


@numba.njit(cache=True, nogil=True)
def _sketch_tokens(
    tokens: npt.NDArray[np.uint64],
    count: int,
    key: Key,
    table: npt.NDArray[np.uint64],
    shingles: npt.NDArray[np.uint64],
    ends: npt.NDArray[np.int64],
    minima: npt.NDArray[np.uint32],
    minhash: npt.NDArray[np.uint8],
) -> int:
    """Sketch the views of one prompt into the first rows of `minhash`, and return how many."""
    views = _shingles_of(tokens, count, key, table, shingles, ends)
    minima[:] = np.uint32(0xFFFFFFFF)
    start = 0
    for view in range(views):
        _take_in(shingles, start, ends[view], minima, _MASKS, _MULTIPLIERS)
        _cut(minima, minhash[view])
        start = ends[view]
    return views


@numba.njit(cache=True, nogil=True)
def sketch_tokens(
    tokens: npt.NDArray[np.uint64], count: int, key: Key, minhash: npt.NDArray[np.uint8]
) -> int:
    """Sketch the views of a prompt that was cut into tokens already.

    Parameters:
        tokens: Of which the first `count` are those of the prompt, at most `MAXIMUM_TOKENS`.
        minhash: Filled, shape (MOST_VIEWS, PERMUTATIONS).

    Returns:
        The number of views.
    """
    return _sketch_tokens(
        tokens, count, key,
        np.empty(_TABLE, dtype=np.uint64), np.empty(MAXIMUM_TOKENS, dtype=np.uint64),
        np.empty(MOST_VIEWS + 1, dtype=np.int64), np.empty(PERMUTATIONS, dtype=np.uint32),
        minhash,
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def sketch_views(
    offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], key: Key
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Sketch the views of prompts: the first 16, 32, ... tokens, and all.

    Returns:
        MinHash of shape (views, PERMUTATIONS), and the row that each view is of, ascending.
    """
    rows = offsets.size - 1
    minhash = np.empty((rows * MOST_VIEWS, PERMUTATIONS), dtype=np.uint8)
    owner = np.empty(rows * MOST_VIEWS, dtype=np.int64)
    tokens = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    shingles = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    table = np.empty(_TABLE, dtype=np.uint64)
    ends = np.empty(MOST_VIEWS + 1, dtype=np.int64)
    minima = np.empty(PERMUTATIONS, dtype=np.uint32)
    written = 0
    for row in range(rows):
        count, _, _ = tokenise(data, offsets[row], offsets[row + 1], tokens)
        views = _sketch_tokens(tokens, count, key, table, shingles, ends, minima, minhash[written:])
        owner[written : written + views] = row
        written += views
    return minhash[:written], owner[:written]


@numba.njit(cache=True, nogil=True)
def shingle_rows(
    offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], key: Key
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Return the distinct shingles of prompts and where those of each begin; (rows + 1,)."""
    starts = np.zeros(offsets.size, dtype=np.int64)
    all_shingles = np.empty(max(0, offsets[-1] - offsets[0]), dtype=np.uint64)
    tokens = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    shingles = np.empty(MAXIMUM_TOKENS, dtype=np.uint64)
    table = np.empty(_TABLE, dtype=np.uint64)
    ends = np.empty(MOST_VIEWS + 1, dtype=np.int64)
    for row in range(offsets.size - 1):
        count, _, _ = tokenise(data, offsets[row], offsets[row + 1], tokens)
        views = _shingles_of(tokens, count, key, table, shingles, ends)
        found = ends[views - 1] if views > 0 else 0
        start = starts[row]
        all_shingles[start : start + found] = shingles[:found]
        starts[row + 1] = start + found
    return all_shingles[: starts[-1]], starts


@numba.njit(cache=True, nogil=True)
def sketch_sets(
    shingles: npt.NDArray[np.uint64], starts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint64]]:
    """Sketch sets of shingles: MinHash of shape (sets, PERMUTATIONS), and SimHash."""
    sets = starts.size - 1
    minhash = np.zeros((sets, PERMUTATIONS), dtype=np.uint8)
    simhash = np.zeros(sets, dtype=np.uint64)
    minima = np.empty(PERMUTATIONS, dtype=np.uint32)
    for row in range(sets):
        minima[:] = np.uint32(0xFFFFFFFF)
        _take_in(shingles, starts[row], starts[row + 1], minima, _MASKS, _MULTIPLIERS)
        _cut(minima, minhash[row])
        of_row = shingles[starts[row] : starts[row + 1]]
        simhash[row] = _simhash(of_row, of_row.size)
    return minhash, simhash
