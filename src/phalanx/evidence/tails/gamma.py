"""The tail of a sum of unit exponentials."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, gammaincc

from phalanx.evidence.tails.deviance import Floats, log_point_poisson
from phalanx.evidence.tails.hypoexponential import hypoexponential_log10_sf

_LN10 = float(np.log(10.0))
_SAFE = 1e-280
"""Chances above it are taken from scipy, whose digits are good there."""

_CERTAIN = 0.999
"""Chances above it are 1 less a small one, which scipy gets wrong by half where many are added."""

_STEPS = 10_000
"""Of a continued fraction, at most; a hundred do beyond the mean."""


def gamma_log10_sf(totals: npt.ArrayLike, count: int) -> Floats:
    r"""Return the chance that a sum of unit exponentials is at least each total.

    The sum of $n$ independent ones follows $\Gamma(n, 1)$. Far out, where scipy's value
    vanishes, $Q(n, x)$ is $n$ times the chance of $n$ under the Poisson law of mean $x$, times
    the continued fraction of the incomplete gamma function.

    Parameters:
        totals: Shape (tests,).
        count: Exponentials in each sum, at least 0; without any, the sum is 0.

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
        return np.where(at > 0.0, -np.inf, 0.0)
    at = np.maximum(at, 0.0)
    chance = gammaincc(count, at)
    with np.errstate(divide="ignore"):
        logs = np.where(chance > 0.5, np.log1p(-gammainc(count, at)), np.log(chance))
    far = (chance < _SAFE) & np.isfinite(at)
    if far.any():
        x = at[far]
        logs[far] = log_point_poisson(float(count), x) + np.log(count * _fraction(float(count), x))
    result: Floats = logs / _LN10
    certain = chance > _CERTAIN
    if certain.any():
        result[certain] = hypoexponential_log10_sf(at[certain], count, 1.0, 0.0)
    return result


def _fraction(shape: float, x: Floats) -> Floats:
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
