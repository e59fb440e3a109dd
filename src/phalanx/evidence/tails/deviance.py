"""Logarithms of point chances, without the cancellation of large factorials.

The logarithm of the factorial of a billion is twenty billion: sixteen digits of it leave six
behind the point. The parts below are small where the answer is small.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]

_HALF_LOG_TWO_PI = 0.5 * float(np.log(2.0 * np.pi))
_SERIES_FROM = 16.0
_TERMS = 20
"""Of a series in 1/9, which end at 1e-18."""


def log_point_poisson(count: npt.ArrayLike, mean: npt.ArrayLike) -> Floats:
    """Return ln(mean^count exp(-mean) / count!), for counts above 0.

    References:
        Loader, "Fast and accurate computation of binomial probabilities", 2000.

    Examples:
        >>> log_point_poisson(2.0, 3.0).round(6).item()
        -1.495923
    """
    at = np.asarray(count, dtype=np.float64)
    return -deviance(at, mean) - stirling_rest(at) - 0.5 * np.log(at) - _HALF_LOG_TWO_PI


def log_point_binomial(hits: Floats, trials: float, share: float) -> Floats:
    """Return the logarithm of the chance of so many hits, which are above 0 and below `trials`.

    Examples:
        >>> log_point_binomial(np.array([2.0]), 4.0, 0.5).round(6).tolist()
        [-0.980829]
    """
    misses = trials - hits
    return (
        stirling_rest(np.asarray(trials))
        - stirling_rest(hits)
        - stirling_rest(misses)
        - deviance(hits, trials * share)
        - deviance(misses, trials * (1.0 - share))
        + 0.5 * np.log(trials / hits / misses)
        - _HALF_LOG_TWO_PI
    )


def deviance(count: npt.ArrayLike, mean: npt.ArrayLike) -> Floats:
    """Return count ln(count / mean) + mean - count, which is 0 where both are equal.

    Examples:
        >>> deviance([1.0, 1e9], [2.0, 1e9 + 1e4]).round(6).tolist()
        [0.306853, 0.05]
    """
    at = np.asarray(count, dtype=np.float64)
    return -at * log1p_minus((np.asarray(mean, dtype=np.float64) - at) / at)


def log1p_minus(x: npt.ArrayLike) -> Floats:
    r"""Return ln(1 + x) - x, exact near 0.

    With $r = x / (2 + x)$ it is $r (2 r^2 \sum_k r^{2k} / (2k + 3) - x)$.

    Examples:
        >>> log1p_minus([1e-8, 3.0]).tolist()
        [-4.9999999...e-17, -1.61370...]
    """
    at = np.asarray(x, dtype=np.float64)
    ratio = at / (2.0 + at)
    square = np.minimum(ratio * ratio, 1.0)
    series = np.zeros_like(square)
    for term in range(_TERMS, -1, -1):
        series = series * square + 1.0 / (2 * term + 3)
    near = ratio * (2.0 * square * series - at)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(ratio) < 1.0 / 3.0, near, np.log1p(at) - at)


def stirling_rest(x: npt.ArrayLike) -> Floats:
    """Return what Stirling's formula lacks of ln x!, for x above 0.

    Examples:
        >>> stirling_rest([1.0, 1e6]).round(9).tolist()
        [0.081061467, 8.3e-08]
    """
    at = np.asarray(x, dtype=np.float64)
    inverse = 1.0 / at
    square = inverse * inverse
    series = inverse * (
        1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))
    )
    small = np.minimum(at, _SERIES_FROM)
    exact = gammaln(small + 1.0) - (small + 0.5) * np.log(small) + small - _HALF_LOG_TWO_PI
    return np.where(at < _SERIES_FROM, exact, series)
