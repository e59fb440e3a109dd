"""Five statistics of an account, from sums over its answers."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phalanx.prevent.online.signs import ELICITS, FIRST_TURN, TARGETED, UNUSUAL

STATISTICS = ("harvest", "elicitation", "focus", "unusual", "value")
"""Harvesting in bulk, asking for training material, for what students are trained for, unusual
requests, and information value. The first four are means over answers, the last is a sum."""

WEIGHTS = np.array([1.0, 1.0, 1.0, 0.5, 0.5]) / 4.0
"""Of the e-value of each statistic in their average, fixed beforehand; they add up to 1."""

ANSWERS, SUMS = 0, 1 + len(STATISTICS)
"""Place of the number of answers among the sums of an account, and how many sums there are."""

_PRIOR_ANSWERS = 8.0
"""Answers without any sign that every account has beforehand, so that a few do not decide."""

_OCCASIONAL = np.array([0.0, 0.1, 0.0, 0.02, 0.0])
"""Below this all are alike: whoever asks for reasoning now and then harvests nothing."""


@numba.njit(cache=True, nogil=True)
def add_answer(
    sums: npt.NDArray[np.float32],
    signs: int,
    asked_tokens: int,
    tokens: int,
    value: float,
    weight: float,
    repeated: float,
) -> None:
    """Count an answer.

    Parameters:
        sums: Of its account, shape (SUMS,); changed.
        signs: Of the request.
        asked_tokens: Length of what it sent.
        tokens: Output tokens that it got, above 0.
        value: Information value of these. A content that changes the sketch of an old account
            counts for hundreds in it, and only for one here: an account of the reference is looked
            at from its first content on, and none of one that is watched may lie beyond it for what
            it did before.
        weight: Of a token of new content.
        repeated: Novelty of content that is not new.
    """
    is_first = (signs & FIRST_TURN) != 0
    is_long = tokens >= asked_tokens
    elicits = (signs & ELICITS) != 0
    targets = (signs & TARGETED) != 0
    new = 0.0
    if weight > 0 and repeated < 1:
        new = min(max((value / (weight * tokens) - repeated) / (1.0 - repeated), 0.0), 1.0)
    sums[ANSWERS] += np.float32(1)
    sums[1] += np.float32((3.0 * is_first + 3.0 * is_long + 2.0 * new + 4.0 * elicits) / 12.0)
    sums[2] += np.float32(elicits)
    sums[3] += np.float32((2.0 * targets + is_long + 0.5 * new) / 3.5)
    sums[4] += np.float32((signs & UNUSUAL) != 0)
    sums[5] += np.float32(min(value, weight * tokens))


@numba.njit(cache=True, nogil=True)
def statistic(sums: npt.NDArray[np.float32], number: int) -> float:
    """Return one statistic of an account.

    Parameters:
        sums: Of its answers.
        number: Of the statistic, see `STATISTICS`.
    """
    if number == 4:
        return float(sums[5])
    mean = float(sums[1 + number]) / (float(sums[ANSWERS]) + _PRIOR_ANSWERS)
    return float(max(mean, _OCCASIONAL[number]))
