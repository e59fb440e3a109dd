"""Tails of sums, as base-10 logarithms without a floor.

scipy's survival functions end at 1e-308 and lose digits before; a test on a million tokens does
not. Each function here is checked against arbitrary precision in its tests.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincc, gammaln

_LN10 = float(np.log(10.0))
_SAFE = 1e-280
"""Chances above it are taken from scipy, whose digits are good there."""

_STEPS = 10_000
"""Of a continued fraction, at most; a hundred do beyond the mean."""


def gamma_log10_sf(totals: npt.ArrayLike, count: int) -> npt.NDArray[np.float64]:
    r"""Return the chance that a sum of unit exponentials is at least each total.

    The sum of $n$ independent ones follows $\Gamma(n, 1)$. Far out, where scipy's value
    vanishes, $\ln Q(n, x) = n \ln x - x - \ln \Gamma(n) + \ln C$, with $C$ the continued
    fraction of the incomplete gamma function.

    Parameters:
        totals: Shape (tests,), at least 0.
        count: Exponentials in each sum, at least 0; without any, every chance is 1.

    Returns:
        Base-10 logarithms, shape (tests,).

    References:
        NIST Digital Library of Mathematical Functions, 8.9.2.

    Examples:
        >>> gamma_log10_sf([0.0, 1.0, 2000.0], 1).round(4).tolist()
        [0.0, -0.4343, -868.589]
    """
    at = np.asarray(totals, dtype=np.float64)
    if count == 0:
        return np.zeros(at.shape)
    chance = gammaincc(count, at)
    with np.errstate(divide="ignore"):
        logs = np.log(chance)
    far = chance < _SAFE
    if far.any():
        x = at[far]
        logs[far] = count * np.log(x) - x - gammaln(count) + np.log(_fraction(float(count), x))
    result: npt.NDArray[np.float64] = logs / _LN10
    return result


def _fraction(shape: float, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return $1/(x+1-a-{1(1-a)}/(x+3-a-{2(2-a)}/(x+5-a-...)))$ by Lentz's method, for x > a."""
    term = x + 1.0 - shape
    c = np.full_like(x, np.inf)
    d = 1.0 / term
    value = d.copy()
    for step in range(1, _STEPS):
        numerator = -step * (step - shape)
        term = term + 2.0
        d = 1.0 / (numerator * d + term)
        c = term + numerator / c
        change = c * d
        value *= change
        if np.all(np.abs(change - 1.0) < 1e-15):
            break
    return value
