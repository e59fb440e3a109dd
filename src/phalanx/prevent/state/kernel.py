"""Accounts found, faded, counted: what happens to one row when a request comes in or ends."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phalanx.prevent.state.layout import (
    CONTINUATIONS,
    DISTINCT_CONTENTS,
    EVICTED,
    EVICTED_LATELY,
    HORIZON_US,
    NEW_CONTENTS,
    RANDOM,
    REQUESTS,
    TEMPLATE_MATCHES,
    TOKENS,
    USED,
    VALUE,
)
from phalanx.prevent.state.novelty import answered, take_in
from phalanx.text.hashing import finish

CANDIDATES = 16
"""Rows of which the one that was idle longest is given up."""

LATELY_US = 3_600_000_000
"""A row that was seen so shortly before it is given up says that the table is too small."""

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MONTH_VALUE = VALUE[-1]


@numba.njit(cache=True, nogil=True)
def find(
    identity: npt.NDArray[np.uint64],
    index: npt.NDArray[np.int32],
    first: np.uint64,
    second: np.uint64,
) -> tuple[int, int]:
    """Return the row of an identity and its place in the index; row -1 and a free place if none."""
    mask = np.uint64(index.size - 1)
    place = first & mask
    while index[place] >= 0:
        row = index[place]
        if identity[row, 0] == first and identity[row, 1] == second:
            return row, np.int64(place)  # type: ignore[return-value] # numba's int
        place = (place + np.uint64(1)) & mask
    return -1, np.int64(place)  # type: ignore[return-value] # numba's int


@numba.njit(cache=True, nogil=True)
def _forget(identity: npt.NDArray[np.uint64], index: npt.NDArray[np.int32], row: int) -> None:
    """Take a row out of the index, and close the gap that it leaves."""
    mask = np.uint64(index.size - 1)
    _, found = find(identity, index, identity[row, 0], identity[row, 1])
    gap = np.uint64(found)
    place = (gap + np.uint64(1)) & mask
    while index[place] >= 0:
        home = identity[index[place], 0] & mask
        if ((place - home) & mask) >= ((place - gap) & mask):
            index[gap] = index[place]
            gap = place
        place = (place + np.uint64(1)) & mask
    index[gap] = -1


@numba.njit(cache=True, nogil=True)
def _row_for(
    identity: npt.NDArray[np.uint64],
    seen_us: npt.NDArray[np.int64],
    counters: npt.NDArray[np.float32],
    registers: npt.NDArray[np.uint8],
    index: npt.NDArray[np.int32],
    tally: npt.NDArray[np.int64],
    evicted_value: npt.NDArray[np.float64],
    first: np.uint64,
    second: np.uint64,
    now_us: int,
) -> int:
    """Return the row of an identity, with its counters as of now; a new one if there is none."""
    row, place = find(identity, index, first, second)
    if row >= 0:
        elapsed = max(now_us - seen_us[row], 0)
        if elapsed > 0:
            for counter in range(counters.shape[1]):
                counters[row, counter] *= np.float32(np.exp(-elapsed / HORIZON_US[counter]))
            seen_us[row] = now_us
        return row
    if tally[USED] < seen_us.size:
        row = tally[USED]
        tally[USED] += 1
    else:
        row = -1
        for _ in range(CANDIDATES):
            tally[RANDOM] += np.int64(_STEP)
            drawn = finish(np.uint64(tally[RANDOM])) % np.uint64(seen_us.size)
            if row < 0 or seen_us[np.int64(drawn)] < seen_us[row]:
                row = np.int64(drawn)  # type: ignore[assignment] # numba's int
        tally[EVICTED] += 1
        tally[EVICTED_LATELY] += now_us - seen_us[row] < LATELY_US
        evicted_value[0] += counters[row, _MONTH_VALUE]
        _forget(identity, index, row)
        _, place = find(identity, index, first, second)
        counters[row] = 0
        registers[row] = 0
    identity[row, 0], identity[row, 1] = first, second
    seen_us[row] = now_us
    index[place] = row
    return row


@numba.njit(cache=True, nogil=True)
def arrive(
    identity: npt.NDArray[np.uint64],
    seen_us: npt.NDArray[np.int64],
    counters: npt.NDArray[np.float32],
    registers: npt.NDArray[np.uint8],
    index: npt.NDArray[np.int32],
    tally: npt.NDArray[np.int64],
    evicted_value: npt.NDArray[np.float64],
    first: np.uint64,
    second: np.uint64,
    now_us: int,
    tokens: float,
    value: float,
    continues: bool,
    matches_template: bool,
    known: npt.NDArray[np.float64],
) -> None:
    """Count a request that comes in, with what it may get at most, and tell what is known then.

    Parameters:
        tokens: Output tokens that are set aside for it.
        value: Information value of so many, if all of it is new.
        known: Filled with the counters, this request included.
    """
    row = _row_for(
        identity, seen_us, counters, registers, index, tally, evicted_value, first, second, now_us
    )
    for counter in REQUESTS:
        counters[row, counter] += np.float32(1)
    for counter in TOKENS:
        counters[row, counter] += np.float32(tokens)
    for counter in VALUE:
        counters[row, counter] += np.float32(value)
    counters[row, CONTINUATIONS] += np.float32(continues)
    counters[row, TEMPLATE_MATCHES] += np.float32(matches_template)
    for counter in range(counters.shape[1]):
        known[counter] = counters[row, counter]


@numba.njit(cache=True, nogil=True)
def settle(
    identity: npt.NDArray[np.uint64],
    seen_us: npt.NDArray[np.int64],
    counters: npt.NDArray[np.float32],
    registers: npt.NDArray[np.uint8],
    index: npt.NDArray[np.int32],
    tally: npt.NDArray[np.int64],
    evicted_value: npt.NDArray[np.float64],
    first: np.uint64,
    second: np.uint64,
    now_us: int,
    began_us: int,
    set_aside_tokens: float,
    set_aside_value: float,
    tokens: int,
    weight: float,
    repeated: float,
    content: np.uint64,
) -> float:
    """Put what a request got in the place of what was set aside for it.

    Parameters:
        began_us: When that was, by the clock of the state.
        tokens: That it got.
        weight: Of a token of new content.
        repeated: Novelty of content that is not new.
        content: What it sent.

    Returns:
        Its information value.
    """
    row = _row_for(
        identity, seen_us, counters, registers, index, tally, evicted_value, first, second, now_us
    )
    new = take_in(registers[row], answered(content, tokens)) if tokens > 0 else 0.0
    value = weight * tokens * (repeated + (1.0 - repeated) * new)
    elapsed = max(seen_us[row] - began_us, 0)
    for counter in TOKENS:
        left = set_aside_tokens * np.exp(-elapsed / HORIZON_US[counter])
        counters[row, counter] = max(counters[row, counter] + tokens - left, 0.0)
    for counter in VALUE:
        left = set_aside_value * np.exp(-elapsed / HORIZON_US[counter])
        counters[row, counter] = max(counters[row, counter] + value - left, 0.0)
    counters[row, NEW_CONTENTS] += np.float32(new)
    counters[row, DISTINCT_CONTENTS] += np.float32(new)
    return value
