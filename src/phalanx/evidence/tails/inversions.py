"""Tail of the number of inversions of a random order: the law of Kendall's rank correlation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

EXACT_UP_TO = 600
"""Longer orders are bounded: their law would take more than a second."""

_SAFE = 1e-250
"""Below, numbers may have vanished on the way."""

_LN10 = float(np.log(10.0))


def inversions_log10_cdf(inversions: int, items: int) -> float:
    r"""Return the chance that a random order has at most so many inversions.

    The number of inversions is a sum of independent even draws from $\{0, \dots, k\}$, for $k$
    below the number of items. Their law is added up; for long orders, and far out, where it is no
    number any more, it is bounded from above (Chernoff):
    $\min_\theta e^{\theta i} \prod_k E\,e^{-\theta U_k}$. So the result is never too small.

    Parameters:
        inversions: Pairs that stand in the wrong order, at least 0.
        items: At least 1.

    Returns:
        Base-10 logarithm; at least minus that of the number of orders.

    Raises:
        ValueError: If a number is out of range.

    References:
        Kendall, "A new measure of rank correlation", Biometrika 30 (1938). Knuth, The Art of
        Computer Programming 3, section 5.1.1.

    Examples:
        >>> round(10 ** inversions_log10_cdf(1, 3), 4)
        0.5
        >>> round(inversions_log10_cdf(0, 20), 2), round(inversions_log10_cdf(60_000, 600), 1)
        (-18.39, -35.2)
    """
    most = items * (items - 1) // 2
    if items < 1 or not 0 <= inversions <= most:
        message = f"{inversions} inversions of {items} items: from 0 to {most} were expected"
        raise ValueError(message)
    if 2 * inversions >= most:
        if items > EXACT_UP_TO:
            return 0.0  # one minus a bound from above would be a bound from below
        # No further than the middle: the rest follows by symmetry, without loss of digits.
        above = 0.0 if inversions == most else 10.0 ** _below(most - inversions - 1, items)
        return float(np.log1p(-above)) / _LN10
    return _below(inversions, items)


def _below(inversions: int, items: int) -> float:
    if items <= EXACT_UP_TO:
        chance = float(_law(inversions, items).sum())
        if chance > _SAFE:
            return float(np.log10(min(1.0, chance)))
    return min(0.0, _bound(inversions, items))


def _law(inversions: int, items: int) -> npt.NDArray[np.float64]:
    """Return the chance of each number of inversions up to one."""
    law = np.zeros(inversions + 1)
    law[0] = 1.0
    for choices in range(2, items + 1):
        sums = np.cumsum(law)
        law = sums.copy()
        law[choices:] -= sums[: max(0, law.size - choices)]
        # What is left of a difference of equal numbers is no chance.
        law = np.maximum(law, 0.0) / choices
    return law


def _bound(inversions: int, items: int) -> float:
    sizes = np.arange(1.0, items + 1.0)

    def log_bound(log_tilt: float) -> float:
        tilt = np.exp(log_tilt)
        means = np.log(-np.expm1(-tilt * sizes)) - np.log(sizes) - np.log(-np.expm1(-tilt))
        return float(tilt * inversions + means.sum())

    # Any tilt gives a bound, so that where the search ends does not matter for its truth.
    found = minimize_scalar(log_bound, bounds=(-3.0 * np.log(items + 2.0), 6.0), method="bounded")
    all_orders = float(np.log(sizes).sum())
    return max(float(found.fun), -all_orders) / _LN10
