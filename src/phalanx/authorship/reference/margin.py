"""How far the scores of humans rise where a detector has not seen their domain.

Ranks hold for documents like those of the reference. Those of a domain that nobody named may be
like none of it, and humans of some domains lie higher than all of it does. How much higher is not
known of a domain that was not seen; it is known of those of the reference, each left out in turn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEVELS = (0.01, 0.02, 0.05, 0.1)
"""At which the shift of a domain is taken: the largest counts."""


def threshold(scores: Floats, level: float) -> float | None:
    """Return the score of a cell above which a document's rank is at or below the level.

    Returns:
        Null where the cell is too small for the level.

    Examples:
        >>> threshold(np.arange(99.0), 0.01), threshold(np.arange(98.0), 0.01)
        (98.0, None)
    """
    above = math.floor(round(level * (scores.size + 1), 9)) - 1
    return None if above < 0 else float(np.sort(scores)[scores.size - 1 - above])


def shift_of(left_out: Floats, cells: Sequence[Floats]) -> float:
    r"""Return by how much scores must be lowered for a domain that was left out to keep its level.

    With $t_\alpha$ the largest threshold of the cells at $\alpha$, and $q$ the quantile of the
    domain, $\max_\alpha (q_{1-\alpha} - t_\alpha)$: lowered so, a share of at most $\alpha$ of
    these documents has a largest p-value of at most $\alpha$, at each of `LEVELS` that both sides
    have enough documents for.

    Parameters:
        left_out: Scores of human documents of one length and of a domain of which the detector
            was fitted on none, shape (documents,).
        cells: Scores of human documents of that length, of each other domain.

    Returns:
        Zero where the domain keeps its level by itself, or nothing can be said.

    Examples:
        >>> alike = np.linspace(-1.0, 1.0, 199)
        >>> round(shift_of(alike + 0.7, [alike, alike - 1.0]), 9)
        0.7
    """
    needed = [0.0]
    for level in LEVELS:
        reached = threshold(left_out, level)
        others = [found for each in cells if (found := threshold(each, level)) is not None]
        if reached is not None and others:
            needed.append(reached - max(others))
    return max(needed)
