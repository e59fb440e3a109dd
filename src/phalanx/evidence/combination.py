"""Combining e-values, always as base-10 logarithms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

_LN10 = math.log(10.0)


def log_sum(logarithms: Iterable[float]) -> float:
    """Return the natural logarithm of a sum whose terms are given by theirs.

    For a handful of terms; arrays go through `numpy.logaddexp`.

    Examples:
        >>> round(log_sum([math.log(2.0), math.log(3.0), -math.inf]), 6) == round(math.log(5.0), 6)
        True
        >>> log_sum([-math.inf])
        -inf
    """
    terms = list(logarithms)
    top = max(terms)
    if math.isinf(top):
        return top
    return top + math.log(math.fsum(math.exp(term - top) for term in terms))


def product(log10_es: Sequence[float]) -> float:
    """Multiply e-values of independent tests, or of tests valid given the ones before.

    Examples:
        >>> product([1.0, 2.0])
        3.0
        >>> product([])
        0.0
    """
    return float(sum(log10_es))


def mean(log10_es: Sequence[float], weights: Sequence[float] | None = None) -> float:
    """Average e-values; valid under any dependence (Vovk & Wang 2021, proposition 3.1).

    Parameters:
        log10_es: At least one e-value, base-10 logarithms.
        weights: Non-negative, chosen before looking; they are divided by their sum.

    Returns:
        log10 of the weighted mean.

    Raises:
        ValueError: If there is nothing to average.

    Examples:
        >>> round(mean([3.0, 3.0]), 6)
        3.0
        >>> round(mean([3.0, -300.0]), 3)
        2.699
    """
    if not log10_es:
        message = "mean needs at least one e-value"
        raise ValueError(message)
    if weights is None:
        return (log_sum(level * _LN10 for level in log10_es) - math.log(len(log10_es))) / _LN10
    whole = math.fsum(weights)
    return (
        log_sum(
            level * _LN10 + math.log(weight / whole)
            for level, weight in zip(log10_es, weights, strict=True)
            if weight
        )
        / _LN10
    )


def both(log10_e_first: float, log10_e_second: float) -> float:
    """Reject a union of two nulls: the smaller e-value (Berger 1982, intersection-union).

    Examples:
        >>> both(12.0, 2.5)
        2.5
    """
    return min(log10_e_first, log10_e_second)


def calibrate_p(log10_p: float, kappa: float = 0.5) -> float:
    r"""Turn a p-value into an e-value by $\kappa p^{\kappa-1}$ (Vovk & Wang 2021, eq. 1).

    Parameters:
        log10_p: Base-10 logarithm of the p-value, at most 0.
        kappa: In (0, 1).

    Returns:
        log10 e.

    Raises:
        ValueError: If a number lies outside its range.

    Examples:
        >>> round(calibrate_p(-4.0), 3)
        1.699
    """
    if log10_p > 0.0:
        message = f"log10_p must be at most 0, not {log10_p}"
        raise ValueError(message)
    if not 0.0 < kappa < 1.0:
        message = f"kappa must lie in (0, 1), not {kappa}"
        raise ValueError(message)
    return math.log10(kappa) + (kappa - 1.0) * log10_p


def calibrate_p_mixed(log10_p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    r"""Turn p-values into e-values without choosing how strong the evidence might be.

    $\int_0^1 \kappa p^{\kappa-1} d\kappa = (1 - p + p \ln p) / (p \ln^2 p)$: the likelihood
    ratio of a uniform mixture of beta laws against the uniform law, so that its mean under the
    null is exactly 1. It grows as $1 / (p \ln^2 p)$, nearly as fast as any e-value can.

    Parameters:
        log10_p: Base-10 logarithms of p-values, at most 0, of any shape.

    Returns:
        log10 e, of the same shape.

    References:
        Vovk & Wang, "E-values: calibration, combination and applications", 2021, appendix B.

    Examples:
        >>> calibrate_p_mixed([0.0, -2.0, -1000.0]).round(3).tolist()
        [-0.301, 0.648, 993.276]
    """
    logs = np.asarray(log10_p, dtype=np.float64) * _LN10
    near = logs > -1e-3
    size = np.where(near, -1.0, logs)
    with np.errstate(invalid="ignore", divide="ignore"):
        far = np.log1p(np.exp(size) * (size - 1.0)) - size - 2.0 * np.log(-size)
    # (1 - p + p ln p) / (p ln^2 p) = 1/2 - ln(p)/6 + ... near p = 1.
    close = np.log(0.5 + np.where(near, logs * (-1.0 / 6.0 + logs / 24.0), 0.0))
    result: npt.NDArray[np.float64] = np.where(near, close, far) / _LN10
    return np.where(np.isneginf(logs), np.inf, result)
