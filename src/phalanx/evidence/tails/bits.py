"""The tail of a sum of bits, each with a weight and a chance of its own."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
from scipy.special import expit

from phalanx.evidence.tails.deviance import Floats

_LN10 = float(np.log(10.0))
_SAFE = 1e-250
"""Chances above it are taken from the law as it is, others from a tilted one."""

_BISECTIONS = 80


def bits_log10_sf(totals: npt.ArrayLike, weights: npt.ArrayLike, chances: npt.ArrayLike) -> Floats:
    """Return the chance that a weighted sum of independent bits is at least each total.

    The law is added up bit by bit. Every term is positive, so no digit is lost; where chances
    fall out of the range of doubles the law is tilted towards the totals and tilted back.

    Parameters:
        totals: Whole numbers, shape (tests,).
        weights: Whole numbers of at least 0, shape (bits,).
        chances: Of each bit, between 0 and 1, shape (bits,).

    Returns:
        Base-10 logarithms, shape (tests,); minus infinity beyond the sum of the weights.

    Raises:
        ValueError: If shapes differ, or a weight or chance is out of range.

    Examples:
        >>> bits_log10_sf([0, 1, 3, 4], [1, 2], [0.5, 0.25]).round(4).tolist()
        [0.0, -0.2041, -0.9031, -inf]
    """
    sizes, shares = np.asarray(weights, dtype=np.int64), np.asarray(chances, dtype=np.float64)
    if sizes.shape != shares.shape or sizes.ndim != 1:
        message = f"each bit has a weight and a chance: {sizes.shape} and {shares.shape}"
        raise ValueError(message)
    if not ((sizes >= 0).all() and (shares >= 0.0).all() and (shares <= 1.0).all()):
        message = "weights must be at least 0 and chances between 0 and 1"
        raise ValueError(message)
    at = np.ceil(np.asarray(totals, dtype=np.float64))
    # A bit of chance 0 or 1 is a constant.
    at -= float(sizes[shares == 1.0].sum())
    free = (shares > 0.0) & (shares < 1.0) & (sizes > 0)
    sizes, odds = sizes[free], np.log(shares[free]) - np.log1p(-shares[free])
    most = int(sizes.sum())
    logs = np.where(at > most, -np.inf, 0.0)
    inside = np.flatnonzero((at > 0) & (at <= most))
    wanted = at[inside].astype(np.int64)
    done, tilt, aim = np.zeros(inside.size, dtype=bool), 0.0, 0
    while not done.all():
        tails, growth = _tails(sizes, odds, tilt)
        values = growth - tilt * wanted + tails[wanted]
        # The total that the tilt was made for is safe, however far the next that can be reached.
        good = ~done & ((tails[wanted] > np.log(_SAFE)) | (wanted <= aim))
        if tilt == 0.0:
            likely = values > -0.5
            values[likely] = np.log1p(-np.exp(_beneath(sizes, odds)[wanted[likely]]))
        logs[inside[good]] = values[good]
        done |= good
        if not done.all():
            aim = int(wanted[~done].min())
            tilt = _tilt(sizes, odds, float(aim))
    result: Floats = logs / _LN10
    return result


def _tails(sizes: npt.NDArray[np.int64], odds: Floats, tilt: float) -> tuple[Floats, float]:
    """Return ln of sums over x >= t of exp(tilt (t - x)) q(x) for each t, and ln E exp(tilt S)."""
    moved = odds + tilt * sizes
    law = _law(sizes, expit(moved))
    growth = float(np.sum(np.logaddexp(0.0, moved) - np.logaddexp(0.0, odds)))
    with np.errstate(divide="ignore"):
        return _discounted(np.log(law), tilt), growth


def _beneath(sizes: npt.NDArray[np.int64], odds: Floats) -> Floats:
    """Return ln of the chance below each total."""
    law = _law(sizes, expit(odds))
    with np.errstate(divide="ignore"):
        return np.log(np.minimum(np.cumsum(law) - law, 1.0))


def _tilt(sizes: npt.NDArray[np.int64], odds: Floats, total: float) -> float:
    """Return the tilt under which the mean is the total, or nearly where all bits are needed."""
    target = min(total, float(sizes.sum()) - 0.5)
    low, high = 0.0, 1000.0
    for _ in range(_BISECTIONS):
        half = 0.5 * (low + high)
        short = float(sizes @ expit(odds + half * sizes)) < target
        low, high = (half, high) if short else (low, half)
    return 0.5 * (low + high)


@numba.njit(cache=True, nogil=True)
def _law(sizes: npt.NDArray[np.int64], shares: Floats) -> Floats:
    """Return the chance of each total."""
    law = np.zeros(sizes.sum() + 1)
    law[0] = 1.0
    top = 0
    for bit in range(sizes.size):
        size, share = sizes[bit], shares[bit]
        top += size
        for total in range(top, size - 1, -1):
            law[total] = (1.0 - share) * law[total] + share * law[total - size]
        for total in range(min(size, top + 1)):
            law[total] *= 1.0 - share
    return law


@numba.njit(cache=True, nogil=True)
def _discounted(logs: Floats, tilt: float) -> Floats:
    """Return ln of the sum of what is at and beyond each total, less by exp(-tilt) each step."""
    sums = logs.copy()
    for total in range(logs.size - 2, -1, -1):
        here, beyond = sums[total], sums[total + 1] - tilt
        top = max(here, beyond)
        if top > -np.inf:
            sums[total] = top + np.log1p(np.exp(min(here, beyond) - top))
    return sums
