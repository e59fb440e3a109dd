"""Who belongs to a group: a posterior probability for each party.

Naive Bayes over the two sides of the evidence. Prior: the group's share of the
population. Content: how much of a party's traffic the group's own content explains,
against the same share among outsiders. Standing: for each source, whether the party
shares a value with other members, against how common that value is outside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from phalanx.detect.links import MISSING, Evening, LinkFamily

_BINS = 10


def content_log_ratio(
    coverage: npt.NDArray[np.float64],
    exchanges: npt.NDArray[np.float32],
    members: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return the log-likelihood ratio of each party's coverage by the group's content.

    Parameters:
        coverage: Share of each party's exchanges that the group's content explains.
        exchanges: Exchanges of each party until this evening, shape (parties,).
        members: Parties of the group.

    Returns:
        Natural logarithms, shape (parties,); bounded by the sizes of the two samples.
    """
    bins = np.minimum((coverage * _BINS).astype(np.int64) + (coverage > 0), _BINS)
    active = exchanges > 0
    is_member = np.zeros(exchanges.size, dtype=np.bool_)
    is_member[members] = True
    within = _smoothed(np.bincount(bins[active & is_member], minlength=_BINS + 1))
    outside = np.bincount(bins[active & ~is_member], minlength=_BINS + 1)
    return np.asarray((np.log(within) - np.log(_smoothed(outside)))[bins])


def standing_log_ratio(
    evening: Evening, families: Sequence[LinkFamily], members: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return, per member, the log-likelihood ratio of the standing values it shares.

    Levels and families of one source are averaged, sources are added.

    Returns:
        Natural logarithms, shape (members,).
    """
    by_source: dict[str, list[npt.NDArray[np.float64]]] = {}
    for family in families:
        levels = [_level_log_ratio(level, members) for level in family.values(evening)]
        by_source.setdefault(family.source, []).append(np.mean(levels, axis=0))
    total = np.zeros(members.size)
    for parts in by_source.values():
        total += np.mean(parts, axis=0)
    return total


def _level_log_ratio(
    values: npt.NDArray[np.int64], members: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    own = values[members]
    carried = own != MISSING
    if carried.sum() < 2:
        return np.zeros(members.size)
    width = int(values.max()) + 1
    codes = np.where(carried, own, 0)
    inside = np.bincount(codes[carried], minlength=width)[codes]
    everywhere = np.bincount(values[values != MISSING], minlength=width)[codes]
    size, population = int(carried.sum()), int((values != MISSING).sum())
    alone = inside <= 1
    share_inside = (inside - 0.5) / size
    share_outside = (everywhere - inside + 0.5) / (population - size + 1.0)
    lonely = (np.count_nonzero(alone & carried) + 0.5) / (size + 1.0)
    ratio = np.where(
        alone, np.log(lonely), np.log(np.maximum(share_inside, 1e-300) / share_outside)
    )
    return np.where(carried, np.maximum(ratio, np.log(lonely)), 0.0)


def membership(
    content: npt.NDArray[np.float64], standing: npt.NDArray[np.float64], parties: int
) -> npt.NDArray[np.float64]:
    """Return the posterior probability of membership from both log ratios.

    Parameters:
        content: Log ratio of each member, shape (members,).
        standing: The same from standing values.
        parties: Size of the population.

    Examples:
        >>> membership(np.array([12.0, 0.0]), np.zeros(2), 1000).round(3).tolist()
        [0.997, 0.002]
    """
    prior = np.log(content.size) - np.log(parties)
    return np.asarray(expit(prior + content + standing))


def _smoothed(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Share per bin with half a count added to each."""
    return np.asarray((counts + 0.5) / (counts.sum() + 0.5 * counts.size))
