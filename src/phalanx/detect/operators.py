"""One discovered group, how many operators?

Campaigns of different operators may send the same public prompts. Then content forms one
group of them, which rightly rejects both nulls, and only what they do not share tells
them apart: their cards, addresses, births, settings and clients. A group is split where
these fall into clearly separate communities, and kept whole otherwise. This is
attribution after the judgement; it adds no claim of evidence.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from phalanx.detect.groups import Incidence, communities, groups_of, standing_incidence
from phalanx.detect.links import CONTENT_FAMILIES, MISSING, STANDING_FAMILIES, Moment

MINIMUM_SHARE = 0.05
"""Share of a group that an operator of its own must have."""

MINIMUM_SEPARATION = 0.93
"""Share of the link weight of two parts that must lie on values of one of them."""

_OPERATOR_FAMILIES = (*STANDING_FAMILIES, *CONTENT_FAMILIES[1:])
"""All families but the shared templates."""


def operator_links(moment: Moment) -> Incidence:
    """Return the links of all parties that tell operators apart."""
    return standing_incidence(moment, _OPERATOR_FAMILIES)


def split_operators(
    everything: Incidence, parties: int, members: npt.NDArray[np.int64], minimum: int, seed: int
) -> list[npt.NDArray[np.int64]]:
    """Split a group into operators that share neither standing values nor settings.

    Parameters:
        everything: From `operator_links`.
        parties: Number of parties in the population.
        members: Parties of the group.
        minimum: Smallest number of parties of an operator.
        seed: Fixes the result.

    Returns:
        The parts, largest first, or the whole group as the only one. Parties that fit no
        part are left out.
    """
    links = _links_within(everything, members)
    labels = communities(links, parties, seed)
    joined = _joined(links, groups_of(labels, 2), labels.size)
    least = max(minimum, int(np.ceil(MINIMUM_SHARE * members.size)))
    parts = [part for part in joined if part.size >= least]
    return sorted(parts, key=lambda part: -part.size) if len(parts) > 1 else [members]


def operators_among(
    everything: Incidence, parties: int, members: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.int64]:
    """Partition parties of several operators by what they share.

    Parameters:
        everything: From `operator_links`.
        parties: Number of parties in the population.
        members: Parties of all of them.
        seed: Fixes the result.

    Returns:
        Operator of each party, `MISSING` for a party that shares nothing, shape (parties,).
    """
    links = _links_within(everything, members)
    labels = communities(links, parties, seed)
    operators = np.full(parties, MISSING, dtype=np.int64)
    for number, part in enumerate(_joined(links, groups_of(labels, 1), parties)):
        operators[part] = number
    return operators


def _links_within(everything: Incidence, members: npt.NDArray[np.int64]) -> Incidence:
    """Keep the links of some parties to values that two of them share."""
    inside = np.isin(everything.party, members)
    value, users = everything.value[inside], np.bincount(everything.value[inside])
    shared = users[value] >= 2
    return Incidence(
        everything.party[inside][shared], value[shared], everything.weight[inside][shared]
    )


def _joined(
    links: Incidence, parts: list[npt.NDArray[np.int64]], parties: int
) -> list[npt.NDArray[np.int64]]:
    """Join communities of which any two share much: one operator has several cards."""
    weights = _weight_by_value(links, parts, parties)
    totals = weights.sum(axis=1)
    crossing = np.array([np.minimum(row, weights).sum(axis=1) for row in weights])
    pairs = totals[:, None] + totals[None, :]
    same = crossing > (1.0 - MINIMUM_SEPARATION) * pairs
    _, label = sparse.csgraph.connected_components(sparse.csr_array(same), directed=False)
    return [
        np.concatenate([part for part, own in zip(parts, label, strict=True) if own == number])
        for number in range(int(label.max(initial=-1)) + 1)
    ]


def _weight_by_value(
    links: Incidence, parts: list[npt.NDArray[np.int64]], parties: int
) -> npt.NDArray[np.float64]:
    """Return the link weight that each part puts on each value, shape (parts, values)."""
    part_of = np.full(parties, MISSING, dtype=np.int64)
    for number, part in enumerate(parts):
        part_of[part] = number
    owned = part_of[links.party] != MISSING
    values, column = np.unique(links.value[owned], return_inverse=True)
    cells = part_of[links.party[owned]] * values.size + column
    size = len(parts) * values.size
    sums = np.bincount(cells, weights=links.weight[owned], minlength=size)
    return np.asarray(sums.reshape(len(parts), values.size))
