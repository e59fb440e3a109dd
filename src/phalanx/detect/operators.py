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

from phalanx.detect.groups import Incidence, communities, groups_of, standing_incidence
from phalanx.detect.links import CONTENT_FAMILIES, MISSING, STANDING_FAMILIES, Evening

MINIMUM_SHARE = 0.1
"""Share of a group that an operator of its own must have."""

MINIMUM_SEPARATION = 0.85
"""Share of link weight that must stay inside the parts."""

_OPERATOR_FAMILIES = (*STANDING_FAMILIES, *CONTENT_FAMILIES[1:])
"""All families but the shared templates."""


def split_operators(
    evening: Evening, members: npt.NDArray[np.int64], minimum: int, seed: int
) -> list[npt.NDArray[np.int64]]:
    """Split a group into operators that share neither standing values nor settings.

    Parameters:
        evening: The last evening.
        members: Parties of the group.
        minimum: Smallest number of parties of an operator.
        seed: Fixes the result.

    Returns:
        The parts, largest first, or the whole group as the only one. Parties that fit no
        part are left out.
    """
    everything = standing_incidence(evening, _OPERATOR_FAMILIES)
    inside = np.isin(everything.party, members)
    value, users = everything.value[inside], np.bincount(everything.value[inside])
    shared = users[value] >= 2
    links = Incidence(
        everything.party[inside][shared], value[shared], everything.weight[inside][shared]
    )
    labels = communities(links, evening.population.parties.count, seed)
    parts = groups_of(labels, max(minimum, int(np.ceil(MINIMUM_SHARE * members.size))))
    if len(parts) < 2 or _separation(links, parts, labels.size) < MINIMUM_SEPARATION:
        return [members]
    return sorted(parts, key=lambda part: -part.size)


def _separation(links: Incidence, parts: list[npt.NDArray[np.int64]], parties: int) -> float:
    """Return the share of the parts' link weight on values that one part holds alone.

    A value counts for the part that uses it most; what other parts put on it crosses.
    """
    part_of = np.full(parties, MISSING, dtype=np.int64)
    for number, part in enumerate(parts):
        part_of[part] = number
    owned = part_of[links.party] != MISSING
    width = int(links.value.max(initial=0)) + 1
    cells = np.bincount(
        part_of[links.party[owned]] * width + links.value[owned],
        weights=links.weight[owned],
        minlength=len(parts) * width,
    ).reshape(len(parts), width)
    return float(cells.max(axis=0).sum() / max(cells.sum(), 1e-300))
