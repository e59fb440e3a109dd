"""p-values that hold for every future score once a reference is drawn, and bets on them.

A conformal p-value is right on average over references. Whoever keeps one reference for weeks and
ranks every account in it has one draw: if its largest score happens to be small, all honest
accounts rank too high, together. Here the probability of being beyond the k-th largest score is
bounded from above, for several k at once, so that with a probability that is chosen beforehand the
p-values are valid *given the reference*. Independent scores then have independent p-values, and
bets on them may be multiplied. Of a reference only its k-th largest scores are needed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

LEVEL_ANCHORS = (1, 4, 16)
"""A score alone bets that it is beyond the reference's largest, its 4th and its 16th largest."""


def anchors(size: int) -> npt.NDArray[np.int64]:
    """Return the ranks whose tails are bounded: 1, 2, 4, ... up to the size.

    Parameters:
        size: Scores of the reference, at least 1.

    Examples:
        >>> anchors(20).tolist()
        [1, 2, 4, 8, 16]
    """
    return np.asarray(2 ** np.arange(int(size).bit_length()), dtype=np.int64)


def tail_bounds(size: int, failure: float) -> npt.NDArray[np.float64]:
    r"""Return p-values of scores beyond the 1st, 2nd, 4th, ... largest score of a reference.

    Null hypothesis: the new score is drawn from the law that the reference was drawn from,
    independently of it.

    With $v_k$ the $k$-th largest of m scores, $P(X > v_k)$ is at most the k-th smallest of m
    uniform numbers, in law. The bound of each of K ranks is the $1 - \delta/K$ quantile of that
    Beta law, so that all hold together with probability $1 - \delta$ over the reference. A score
    takes the bound of the first $v_k$ that it is larger than, and 1 if it is larger than none;
    ties count against it.

    Parameters:
        size: m, independent reference scores, at least 1.
        failure: delta, the probability that the reference may mislead with, in (0, 1).

    Returns:
        One for each of `anchors(size)`, rising.

    Raises:
        ValueError: If a number lies outside its range.

    References:
        Bates, Candes, Lei, Romano & Sesia, "Testing for outliers with conformal p-values", Annals
        of Statistics 51 (2023), section 3, on p-values conditional on the reference.

    Examples:
        >>> tail_bounds(1_000, 0.001).round(3).tolist()
        [0.009, 0.012, 0.016, 0.023, 0.035, 0.057, 0.096, 0.17, 0.309, 0.57]
    """
    if size < 1 or not 0.0 < failure < 1.0:
        message = f"a reference has at least one score, and fails in (0, 1): {size}, {failure}"
        raise ValueError(message)
    ranks = anchors(size)
    return np.asarray(beta.isf(failure / ranks.size, ranks, size - ranks + 1))


def bet_on_levels(bounds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what a score alone earns beyond each anchor, and beyond none.

    The stake is divided over `LEVEL_ANCHORS`, as far as there are; on each the bet is that the
    p-value is no larger than the anchor's, and pays its reciprocal.

    Parameters:
        bounds: From `tail_bounds`, shape (K,).

    Returns:
        log10 e, not rising, shape (K + 1,); minus infinity where all is lost.

    Examples:
        >>> bet_on_levels(tail_bounds(1_000, 0.001))[[0, 2, 4, 5]].round(2).tolist()
        [1.83, 1.49, 0.98, -inf]
    """
    places = np.log2(LEVEL_ANCHORS).astype(np.int64)
    levels = bounds[places[places < bounds.size]]
    p_values = np.append(bounds, np.inf)
    pays = (p_values[:, None] <= levels) / levels
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(pays.mean(axis=1)))
