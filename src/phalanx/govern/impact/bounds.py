"""Bounds of a sum of which each part counts with a probability of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

Floats = npt.NDArray[np.float64]

_STEPS = 200
_LOG_TILTS = (-30.0, 10.0)
"""Between which the best tilt is sought; any tilt gives a bound that holds."""


@dataclass(frozen=True, slots=True)
class Span:
    """A figure and its interval."""

    low: float
    point: float
    high: float


def weighted_span(weights: npt.ArrayLike, shares: npt.ArrayLike, confidence: float) -> Span:
    """Return the mean of a sum of weights that each count or not, and an interval for the sum.

    Chernoff's bound on either side: exact for any number of parts, wider than need be, and made
    without simulation. The chance that the sum lies outside is at most `1 - confidence`.

    Parameters:
        weights: At least 0, shape (parts,).
        shares: Probability with which each counts, in [0, 1], same shape.
        confidence: In (0, 1).

    Raises:
        ValueError: If a value lies outside its range, or the shapes differ.

    Not valid:
        Where the parts do not count independently of each other.

    References:
        Chernoff, "A measure of asymptotic efficiency for tests of a hypothesis", 1952.

    Examples:
        >>> weighted_span([10.0, 5.0], [1.0, 1.0], 0.95)
        Span(low=15.0, point=15.0, high=15.0)
        >>> span = weighted_span([1.0] * 100, [0.9] * 100, 0.95)
        >>> round(span.low), round(span.point), round(span.high)
        (81, 90, 97)
    """
    parts = np.asarray(weights, dtype=np.float64)
    chances = np.asarray(shares, dtype=np.float64)
    if parts.shape != chances.shape or parts.ndim != 1:
        message = f"weights of shape {parts.shape} and shares of shape {chances.shape}"
        raise ValueError(message)
    is_sound = np.isfinite(parts).all() and (parts >= 0).all()
    if not is_sound or not ((chances >= 0) & (chances <= 1)).all() or not 0 < confidence < 1:
        message = "weights are at least 0, shares in [0, 1], confidence in (0, 1)"
        raise ValueError(message)
    sure = float(parts[chances == 1].sum())
    open_ones = (parts > 0) & (chances > 0) & (chances < 1)
    parts, chances = parts[open_ones], chances[open_ones]
    mean = sure + float(parts @ chances)
    if not parts.size:
        return Span(mean, mean, mean)
    largest = float(parts.max())
    budget = float(-np.log((1 - confidence) / 2))
    counts, does_not = np.log(chances), np.log1p(-chances)
    above = _reached(parts / largest, counts, does_not, budget) * largest
    # From below it is the sum of what does not count that is bounded from above.
    missing = _reached(parts / largest, does_not, counts, budget) * largest
    total = float(parts.sum())
    return Span(low=sure + max(0.0, total - missing), point=mean, high=sure + min(total, above))


def _reached(parts: Floats, counts: Floats, does_not: Floats, budget: float) -> float:
    """Return a sum that is exceeded with a chance of at most `exp(-budget)`.

    That is the least over `tilt` of `(budget + log E exp(tilt * sum)) / tilt`: its slope changes
    its sign once.

    Parameters:
        parts: In (0, 1].
        counts: Logarithm of the chance that a part counts.
        does_not: Logarithm of the chance that it does not.
        budget: Above 0.
    """

    def growth(tilt: float) -> float:
        return float(np.logaddexp(does_not, counts + tilt * parts).sum())

    def excess(log_tilt: float) -> float:
        tilt = float(np.exp(log_tilt))
        tilted = counts + tilt * parts
        slope = float(parts @ np.exp(tilted - np.logaddexp(does_not, tilted)))
        return tilt * slope - growth(tilt) - budget

    if excess(_LOG_TILTS[1]) <= 0:
        return float(parts.sum())
    tilt = float(np.exp(brentq(excess, *_LOG_TILTS, xtol=1e-10, maxiter=_STEPS)))
    return (budget + growth(tilt)) / tilt
