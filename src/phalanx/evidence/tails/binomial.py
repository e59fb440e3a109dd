"""The tail of a number of hits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincc

from phalanx.evidence.tails.deviance import Floats, log_point_binomial

_LN10 = float(np.log(10.0))
_SAFE = 1e-280
"""Chances above it are taken from scipy, whose digits are good there."""

_STEPS = 10_000
"""Of a continued fraction, at most; a hundred do beyond the mean."""


def binomial_log10_sf(hits: npt.ArrayLike, trials: int, share: float) -> Floats:
    r"""Return the chance of at least so many hits in independent trials.

    It is $I_p(k, n - k + 1)$. Far out, where scipy's value vanishes, it is the chance of
    exactly $k$, times $1 - p$, times the continued fraction of the incomplete beta function.

    Parameters:
        hits: Whole numbers, shape (tests,).
        trials: At least 0.
        share: Chance of a hit, above 0 and below 1.

    Returns:
        Base-10 logarithms, shape (tests,); minus infinity above `trials`.

    Raises:
        ValueError: If the chance is not between 0 and 1.

    References:
        NIST Digital Library of Mathematical Functions, 8.17.22.

    Examples:
        >>> binomial_log10_sf([0, 1, 2, 3], 2, 0.25).round(4).tolist()
        [0.0, -0.359, -1.2041, -inf]
        >>> binomial_log10_sf([10_000], 10_000, 0.5).round(2).tolist()
        [-3010.3]
    """
    if not 0.0 < share < 1.0:
        message = f"share must be above 0 and below 1, not {share}"
        raise ValueError(message)
    at = np.ceil(np.asarray(hits, dtype=np.float64))
    logs = np.where(at > trials, -np.inf, 0.0)
    inside = (at > 0) & (at <= trials)
    k = at[inside]
    chance = betainc(k, trials - k + 1.0, share)
    with np.errstate(divide="ignore"):
        values = np.where(
            chance > 0.5, np.log1p(-betaincc(k, trials - k + 1.0, share)), np.log(chance)
        )
    full = k == trials
    values[full] = trials * np.log(share)
    far = (chance < _SAFE) & ~full
    if far.any():
        values[far] = _far(k[far], float(trials), share)
    logs[inside] = values
    result: Floats = logs / _LN10
    return result


def _far(k: Floats, trials: float, share: float) -> Floats:
    """Return natural logarithms of the tail beyond the mean, for k below `trials`."""
    front = log_point_binomial(k, trials, share) + np.log1p(-share)
    result: Floats = front + np.log(_fraction(k, trials - k + 1.0, share))
    return result


def _fraction(a: Floats, b: Floats, x: float) -> Floats:
    """Return $1/(1+d_1/(1+d_2/(1+...)))$ of the incomplete beta function by Lentz's method."""
    c = np.ones_like(a)
    d = 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    value = d.copy()
    for step in range(1, _STEPS):
        before = value.copy()
        twice = a + 2.0 * step
        for numerator in (
            step * (b - step) * x / ((twice - 1.0) * twice),
            -(a + step) * (a + b + step) * x / (twice * (twice + 1.0)),
        ):
            d = 1.0 / (1.0 + numerator * d)
            c = 1.0 + numerator / c
            value *= c * d
        if np.all(np.abs(value - before) < 1e-15 * value):
            break
    return value
