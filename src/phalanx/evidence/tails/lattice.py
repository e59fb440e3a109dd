"""The tail of a sum of scores that are whole numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from phalanx.evidence.tails.deviance import Floats

_LN10 = float(np.log(10.0))
_BISECTIONS = 80
_SPREAD = 26.0
"""Standard deviations that a window holds; what lies outside has a chance below 1e-30."""

_REACH = 3.0
"""Standard deviations around a tilted mean that one window serves, at a loss of two digits."""

_LARGEST = 1 << 22
"""Points of a window, at most."""


def lattice_log10_sf(totals: npt.ArrayLike, count: int, chances: npt.ArrayLike) -> Floats:
    r"""Return the chance that a sum of independent whole-numbered scores is at least each total.

    One score is $j$ with chance `chances[j]`. The law is tilted until its mean is the total;
    there the Fourier transform of its powers is accurate, and the tilt is taken back in
    logarithms. Where the window would have over four million points, Chernoff's bound stands
    for the chance, which is at most that.

    Parameters:
        totals: Shape (tests,).
        count: Scores in each sum, at least 0; without any, the sum is 0.
        chances: Chance of each score from 0, shape (scores,); the sum is 1.

    Returns:
        Base-10 logarithms, shape (tests,).

    Raises:
        ValueError: If the chances are no distribution.

    Examples:
        >>> lattice_log10_sf([0, 3, 4, 5], 2, [0.5, 0.25, 0.25]).round(4).tolist()
        [0.0, -0.727, -1.2041, -inf]
    """
    law = np.asarray(chances, dtype=np.float64)
    if not (law.ndim == 1 and law.size and law.min() >= 0.0 and abs(law.sum() - 1.0) < 1e-9):
        message = "chances must be numbers of at least 0 whose sum is 1"
        raise ValueError(message)
    # Both ends of the law are possible scores: a tilt would raise others out of range.
    at = np.ceil(np.asarray(totals, dtype=np.float64)) - float(np.flatnonzero(law)[0]) * count
    law = np.trim_zeros(law)
    most = (law.size - 1) * count
    logs = np.where(at > most, -np.inf, 0.0)
    mean = count * float(law @ np.arange(law.size)) / law.sum()
    above = (at > 0.0) & (at <= most) & (at >= mean)
    logs[above] = _tails(at[above], count, law)
    beneath = (at > 0.0) & (at <= most) & (at < mean)
    logs[beneath] = np.log1p(-np.exp(_tails(most - at[beneath] + 1.0, count, law[::-1])))
    result: Floats = np.minimum(logs, 0.0) / _LN10
    return result


def _tails(at: Floats, count: int, law: Floats) -> Floats:
    """Return natural logarithms of the chance of each total or more, all at least the mean."""
    values = np.empty(at.size)
    order = np.argsort(at)
    done = 0
    while done < at.size:
        lowest = float(at[order[done]])
        tilt, deviation = _tilt(lowest, count, law)
        last = int(np.searchsorted(at[order], lowest + _REACH * deviation, side="right"))
        chosen = order[done : max(last, done + 1)]
        values[chosen] = _window(at[chosen], count, law, tilt, deviation)
        done += chosen.size
    return values


def _tilt(total: float, count: int, law: Floats) -> tuple[float, float]:
    """Return the tilt under which the sum's mean is about the total, and its deviation then."""
    scores = np.arange(law.size)
    target = min(total, (law.size - 1.0) * count - 0.5) / count
    low, high = 0.0, 800.0
    mean, square = 0.0, 0.0
    for _ in range(_BISECTIONS):
        half = 0.5 * (low + high)
        tilted = _tilted(law, half)
        mean = float(tilted @ scores)
        square = float(tilted @ (scores - mean) ** 2)
        low, high = (half, high) if mean < target else (low, half)
    return 0.5 * (low + high), float(np.sqrt(count * square))


def _tilted(law: Floats, tilt: float) -> Floats:
    """Return the law weighted by exp(tilt times score)."""
    growth = tilt * np.arange(law.size)
    weights = law * np.exp(growth - growth[law > 0.0].max())
    result: Floats = weights / weights.sum()
    return result


def _window(at: Floats, count: int, law: Floats, tilt: float, deviation: float) -> Floats:
    """Return the tails that one tilt serves."""
    with np.errstate(divide="ignore"):
        growth = count * float(logsumexp(np.log(law) + tilt * np.arange(law.size)))
    most = (law.size - 1) * count
    points = 1 << int(np.ceil(np.log2(min(most + 1.0, _SPREAD * deviation + 64.0 * law.size))))
    if points > _LARGEST:
        return np.minimum(growth - tilt * at, 0.0)
    # Index i of the window stands for the total first + i; powers wrap round and meet it there.
    first = 0 if points > most else int(at[0]) - points // 2
    wrapped = np.zeros(points)
    np.add.at(wrapped, np.arange(law.size) % points, _tilted(law, tilt))
    powers = np.fft.irfft(np.fft.rfft(wrapped) ** count, points)
    sums = np.roll(powers, -(first % points)).clip(0.0)
    places = np.arange(points)
    real = (places + first >= 0) & (places + first <= most)
    start = (at - first).astype(np.int64)
    weights = np.where(real, sums, 0.0) * np.exp(-tilt * np.maximum(places - start[0], 0.0))
    upward = np.cumsum(weights[::-1])[::-1]
    result: Floats = growth - tilt * at[0] + np.log(upward[start])
    return result
