"""The kernel that walks the rules of a policy: one for a single request and for a million."""

from __future__ import annotations

from enum import IntEnum

import numba
import numpy as np
import numpy.typing as npt

INTERVAL, MASK, TEXT = 0, 1, 2
"""Kinds of tests: a number between two, a mask that has bits of another, an answer."""


class Held(IntEnum):
    """What became of a rule at one request."""

    ABSENT = 0
    """Its conditions do not hold."""

    BY_GRANT = 1
    """They hold, and a grant holds it off."""

    WATCHED = 2
    """They hold, and its stage does not let it act on this account."""

    ACTS = 3
    """They hold, and it acts."""


@numba.njit(cache=True, nogil=True, inline="always")
def holds(
    numbers: npt.NDArray[np.float64],
    answers: npt.NDArray[np.bool_],
    kind: int,
    column: int,
    low: float,
    high: float,
    any_of: int,
    all_of: int,
    none_of: int,
) -> bool:
    """Tell whether one test holds at one request; parameters are those of a row of `Program`."""
    if kind == TEXT:
        return bool(answers[column])
    number = numbers[column]
    if kind == INTERVAL:
        return bool(low <= number <= high)
    if not number >= 0:
        return False
    mask = np.int64(number)
    return bool(
        (any_of == 0 or (mask & any_of) != 0) and (mask & all_of) == all_of and mask & none_of == 0
    )


@numba.njit(cache=True, nogil=True)
def walk_one(
    numbers: npt.NDArray[np.float64],
    answers: npt.NDArray[np.bool_],
    grants: int,
    place: float,
    kind: npt.NDArray[np.uint8],
    column: npt.NDArray[np.int64],
    low: npt.NDArray[np.float64],
    high: npt.NDArray[np.float64],
    any_of: npt.NDArray[np.int64],
    all_of: npt.NDArray[np.int64],
    none_of: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    share: npt.NDArray[np.float64],
    despite: npt.NDArray[np.int64],
    held: npt.NDArray[np.uint8],
) -> None:
    """Write what becomes of every rule at one request; parameters are those of `Program.run`."""
    for rule in range(share.size):
        all_hold = True
        for test in range(starts[rule], starts[rule + 1]):
            if not holds(
                numbers, answers, kind[test], column[test], low[test], high[test], any_of[test],
                all_of[test], none_of[test],
            ):  # fmt: skip
                all_hold = False
                break
        if not all_hold:
            held[rule] = 0
        elif grants & ~despite[rule]:
            held[rule] = 1
        elif place < share[rule]:
            held[rule] = 3
        else:
            held[rule] = 2
