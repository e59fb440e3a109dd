"""The tail of a sum of exponentials of two sizes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from phalanx.evidence.tails.deviance import Floats

_LN10 = float(np.log(10.0))
_BISECTIONS = 64
_WIDEST = 700.0
"""Logarithms of doubles, nearly all of them."""

_SMALLEST, _LARGEST = 1e-290, 1e290
"""Totals beyond are taken for these, whose chances are less remarkable."""

_BENDS = (0.3, 1.0)
"""Of the path to the right: too little and it oscillates, too much and it meets the poles."""

_STEP = 1.0 / 24.0
_LONGEST = 7.5
_ROWS = 2048
"""Totals at a time: 180 complex numbers each."""


def hypoexponential_log10_sf(
    totals: npt.ArrayLike, count: int, first_weight: float, second_weight: float
) -> Floats:
    r"""Return the chance that weighted sums of exponentials are at least each total.

    The sum has `count` terms $w_1 E + w_2 E'$ with independent unit exponentials. Its tail is
    $\frac{1}{2 \pi i} \int e^{-s t} / (s (1 - w_1 s)^n (1 - w_2 s)^n) ds$ along a path that
    crosses the real line where the integrand is smallest there and bends to the right, where it
    vanishes. Along it the trapezoidal rule converges exponentially, and nothing cancels: the
    result has as many digits at 1e-100000 as at 0.1. Below the mean the other tail is taken.

    Parameters:
        totals: Shape (tests,).
        count: Terms of each sum, at least 0; without any, the sum is 0.
        first_weight: At least 0.
        second_weight: At least 0; one of the two is above 0.

    Returns:
        Base-10 logarithms, shape (tests,), to a relative 1e-11.

    Raises:
        ValueError: If a weight is negative or not finite, or both are 0.

    References:
        Trefethen & Weideman, "The exponentially convergent trapezoidal rule", SIAM Review
        2014. A gamma law of the same mean and variance is too light far out.

    Examples:
        >>> hypoexponential_log10_sf([0.0, 3.0, 900.0], 1, 0.5, 0.5).round(4).tolist()
        [0.0, -1.7607, -778.4746]
        >>> hypoexponential_log10_sf([3.0], 1, 1.0, 0.0).round(4).tolist()
        [-1.3029]
    """
    smaller, larger = sorted((first_weight, second_weight))
    if not (smaller >= 0.0 and 0.0 < larger < np.inf):
        message = f"weights must be at least 0 and one above it: {first_weight}, {second_weight}"
        raise ValueError(message)
    at = np.asarray(totals, dtype=np.float64) / larger
    if count == 0:
        return np.where(at > 0.0, -np.inf, 0.0)
    ratio = smaller / larger
    logs = np.where(at > 0.0, -np.inf, 0.0)
    logs[np.isnan(at)] = np.nan
    middle = count * (1.0 + ratio)
    for above in (False, True):
        chosen = np.flatnonzero((at > 0.0) & np.isfinite(at) & ((at >= middle) == above))
        for start in range(0, chosen.size, _ROWS):
            rows = chosen[start : start + _ROWS]
            tail = _tail(at[rows].clip(_SMALLEST, _LARGEST), float(count), ratio, above=above)
            logs[rows] = tail if above else np.log1p(-np.exp(tail))
    result: Floats = logs / _LN10
    return result


def _tail(at: Floats, count: float, ratio: float, *, above: bool) -> Floats:
    """Return natural logarithms of the chance of a sum at least, or below, each total."""
    crossing, rest = _crossing(at, count, ratio, above=above)
    other = (1.0 - ratio) + ratio * rest
    unit = np.minimum(np.abs(crossing), rest)
    second = count * (unit / rest) ** 2 + count * (ratio * unit / other) ** 2
    second += (unit / crossing) ** 2
    third = count * (unit / rest) ** 3 + count * (ratio * unit / other) ** 3
    third -= (unit / crossing) ** 3
    bend = np.clip(2.0 * third / (3.0 * second**1.5), *_BENDS)
    scale = unit / np.sqrt(second)

    u = np.arange(0.0, _LONGEST, _STEP)
    moved = scale[:, None] * (bend[:, None] * (np.cosh(u) - 1.0) + 1j * np.sinh(u))
    slope = bend[:, None] * np.sinh(u) + 1j * np.cosh(u)
    # Everything relative to the crossing: the integrand is 1 there.
    turned = _log1p(-moved / rest[:, None]) + _log1p(-ratio * moved / other[:, None])
    exponent = -count * turned - moved * at[:, None]
    heights = (np.exp(exponent) * slope / (1.0 + moved / crossing[:, None])).imag
    heights[:, 0] *= 0.5
    area = heights.sum(axis=1) * _STEP * (scale / np.abs(crossing)) / np.pi
    near = np.minimum(crossing, 0.5)
    logs = np.log1p(-near) + np.log1p(-ratio * near)
    front = -count * np.where(crossing < 0.5, logs, np.log(rest) + np.log(other))
    result: Floats = front - crossing * at + np.log(area)
    return result


def _log1p(z: npt.NDArray[np.complex128]) -> npt.NDArray[np.complex128]:
    """Return ln(1 + z); numpy's own loses the digits of a small real part."""
    real = 0.5 * np.log1p(z.real * (2.0 + z.real) + z.imag**2)
    result: npt.NDArray[np.complex128] = real + 1j * np.arctan2(z.imag, 1.0 + z.real)
    return result


def _crossing(at: Floats, count: float, ratio: float, *, above: bool) -> tuple[Floats, Floats]:
    """Return where the path crosses the real line, s and 1 - s.

    There $e^{-s t} / (s (1 - s)^n (1 - r s)^n)$ is smallest on (0, 1), or on s < 0 of its size.
    """
    low, high = np.full_like(at, -_WIDEST), np.full_like(at, _WIDEST)
    for _ in range(_BISECTIONS):
        half = 0.5 * (low + high)
        s, rest = _placed(half, above=above)
        slope = count / rest + count * ratio / ((1.0 - ratio) + ratio * rest) - at - 1.0 / s
        right = (slope < 0.0) == above
        low, high = np.where(right, half, low), np.where(right, high, half)
    return _placed(0.5 * (low + high), above=above)


def _placed(x: Floats, *, above: bool) -> tuple[Floats, Floats]:
    """Return s and 1 - s, both to full precision: s in (0, 1) above the mean, below 0 beneath."""
    if above:
        return expit(x), expit(-x)
    s = -np.exp(x)
    return s, 1.0 - s
