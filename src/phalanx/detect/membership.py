"""Who belongs to a group: a posterior probability for each party.

Naive Bayes over the two sides of the evidence. Prior: the group's share of the
population. Content: how much of a party's traffic the group's own content explains,
against the same share among outsiders; where sets of prompts are known, likewise how much of it
stems from them. Standing: for each source, whether the party
shares a value with other members, against how common that value is outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from phalanx.detect.links import MISSING, Moment, SharedValues

COVERAGE_EDGES = np.linspace(0.0, 0.9, 10)
"""Shares of content are alike between two of these, as are those of nothing at all."""

KNOWN_EDGES = np.array([0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5])
"""The same for prompts of known sets, of which an honest party sends few."""

_FEWEST_CORE = 2


def share_log_ratio(
    share: npt.NDArray[np.float64],
    exchanges: npt.NDArray[np.float64],
    members: npt.NDArray[np.int64],
    edges: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Return the log-likelihood ratio of the share of each party's exchanges that is of a kind.

    Parameters:
        share: In [0, 1], shape (parties,).
        exchanges: Exchanges of each party until now, shape (parties,).
        members: Parties of the group.
        edges: Ascending from 0; shares above one and not above the next are alike.

    Returns:
        Natural logarithms, shape (parties,); bounded by the sizes of the two samples.
    """
    bins = np.searchsorted(edges, share)
    active = exchanges > 0
    is_member = np.zeros(exchanges.size, dtype=np.bool_)
    is_member[members] = True
    within = _smoothed(np.bincount(bins[active & is_member], minlength=edges.size + 1))
    outside = np.bincount(bins[active & ~is_member], minlength=edges.size + 1)
    return np.asarray((np.log(within) - np.log(_smoothed(outside)))[bins])


def standing_log_ratios(
    moment: Moment,
    families: Sequence[SharedValues],
    members: npt.NDArray[np.int64],
    core: Core,
) -> npt.NDArray[np.float64]:
    """Return the log-likelihood ratio of each standing value that a member shares.

    How often members carry a value is counted in the core alone: a class that was drawn
    in by one common value must not vouch for itself with the others that it shares.
    Levels of a family are averaged.

    Returns:
        Natural logarithms, shape (families, members).
    """
    return np.array(
        [
            np.mean([_level_log_ratio(level, members, core) for level in family.values(moment)], 0)
            for family in families
        ]
    )


def over_sources(
    ratios: npt.NDArray[np.float64], families: Sequence[SharedValues]
) -> npt.NDArray[np.float64]:
    """Average the log ratios of families of one source, add the sources.

    Parameters:
        ratios: Shape (families, members).
        families: In the same order.

    Returns:
        Shape (members,).
    """
    by_source: dict[str, list[npt.NDArray[np.float64]]] = {}
    for family, of_members in zip(families, ratios, strict=True):
        by_source.setdefault(family.source, []).append(of_members)
    total = np.zeros(ratios.shape[1])
    for parts in by_source.values():
        total += np.mean(parts, axis=0)
    return total


@dataclass(frozen=True, slots=True)
class Core:
    """Parties of a group that are taken for members when others are compared with them."""

    parties: npt.NDArray[np.int64]
    fewest_others: int
    """Other core parties that must carry a value before it counts as shared."""


def _level_log_ratio(
    values: npt.NDArray[np.int64], members: npt.NDArray[np.int64], core: Core
) -> npt.NDArray[np.float64]:
    own = values[members]
    carried = own != MISSING
    of_core = values[core.parties]
    of_core = of_core[of_core != MISSING]
    if of_core.size < _FEWEST_CORE:
        return np.zeros(members.size)
    width = int(values.max()) + 1
    inside = np.bincount(of_core, minlength=width)
    outside = np.bincount(values[values != MISSING], minlength=width) - inside
    codes = np.where(carried, own, 0)
    others = np.maximum(inside[codes] - np.isin(members, core.parties), 0)
    lonely = (np.count_nonzero(inside[of_core] <= core.fewest_others) + 0.5) / (of_core.size + 1.0)
    share_inside = (others + 0.5) / of_core.size
    share_outside = (outside[codes] + 0.5) / (outside.sum() + 1.0)
    shared = others >= core.fewest_others
    ratio = np.where(shared, np.log(share_inside / share_outside), np.log(lonely))
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
    return np.asarray(expit(prior_log_odds(content.size, parties) + content + standing))


def prior_log_odds(members: int, parties: int) -> float:
    """Return the log odds that any party of the population belongs to a group of this size."""
    return float(np.log(members) - np.log(parties))


def _smoothed(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Share per bin with half a count added to each."""
    return np.asarray((counts + 0.5) / (counts.sum() + 0.5 * counts.size))
