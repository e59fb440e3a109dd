"""Hours of the UTC week, from one exchange per party and step that was picked blindly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.population import Population

HOURS = 168
_THURSDAY = 72
"""1970-01-01 was a Thursday: so many hours after Monday 00:00."""

FEWEST_PICKS = 8
"""Picks of a party below which its hours are not compared."""

_BLUR = {-1: 0.25, 0: 0.5, 1: 0.25}
"""Hours later -> weight."""


def picked_hours(population: Population) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return party and hour of the week (0 is Monday 00:00 UTC) of each picked exchange."""
    activity = population.activity
    step = np.repeat(np.arange(activity.steps), np.diff(activity.starts))
    hour = (population.first_step + step) * population.step_hours + activity.minute // 60
    return activity.party, np.asarray((hour + _THURSDAY) % HOURS, dtype=np.int64)


def hours_of(
    picks: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], members: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Count the picks of some parties in each hour of the week, shape (168,)."""
    party, hour = picks
    inside = np.zeros(int(party.max(initial=-1)) + 1, dtype=np.bool_)
    inside[members] = True
    return np.bincount(hour[inside[party]], minlength=HOURS).astype(np.float64)


def similarity(
    counts: npt.NDArray[np.float64], profile: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the overlap of blurred weeks: 1 for the same shape, 0 for no common hour.

    Parameters:
        counts: Rows of 168 counts, shape (rows, 168); a row without counts gives 0.
        profile: 168 shares that sum to one.

    Examples:
        >>> office = np.zeros(168)
        >>> office[9:17] = 1 / 8
        >>> similarity(np.vstack([office * 40, np.roll(office, 12)]), office).round(2).tolist()
        [1.0, 0.0]
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(np.minimum(_blurred(shares), _blurred(profile[None, :])).sum(axis=1))


def _blurred(weeks: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Spread each hour over its neighbours, so that a start five minutes earlier counts."""
    return np.asarray(sum(part * np.roll(weeks, by, axis=1) for by, part in _BLUR.items()))


def rank_among_parties(
    group: npt.NDArray[np.float64],
    parties: npt.NDArray[np.float64],
    profile: npt.NDArray[np.float64],
) -> float:
    """Return the share of parties whose week is as like the profile as the group's is.

    Few counts are unlike anything, so the group is thinned to the size of each party before
    the two are compared; draws depend on the sizes alone.

    Parameters:
        group: 168 counts of the group, at least one above 0.
        parties: Counts of unrelated parties, shape (parties, 168).
        profile: 168 shares that sum to one.

    Returns:
        (1 + as-like parties) / (1 + parties), in (0, 1].
    """
    sizes = parties.sum(axis=1).astype(np.int64)
    thinned = np.random.default_rng(sizes.size).multinomial(sizes, group / group.sum())
    mine = similarity(thinned.astype(np.float64), profile)
    return float((1 + np.count_nonzero(similarity(parties, profile) >= mine)) / (1 + sizes.size))
