"""Groups that marks form: who carries marks of one shared campaign, and who is tied to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.groups import COMMON_ONE_IN, Incidence, standing_incidence
from phalanx.detect.links import IDENTITY_FAMILIES, Moment

FEWEST_MARKED = 2
"""Marked parties below which a campaign forms no group."""

MOST_CAMPAIGNS = 1_000
"""Campaigns that form groups by each route, those with most marked parties first."""

_NO_TIES = Incidence(*(np.zeros(0, dtype=np.int64),) * 2, np.zeros(0))


def groups_of_marks(
    moment: Moment, minimum_parties: int, *, templates: bool
) -> list[npt.NDArray[np.int64]]:
    """Form the group of each shared campaign, once where two have the same.

    Parameters:
        moment: What is known.
        minimum_parties: Smallest group.
        templates: Whether by marks of templates, else by those of identifiers.

    Returns:
        The parties of each group, ascending.
    """
    seen = moment.population.activity.joined <= moment.step
    carriers = moment.population.marks.carriers(seen, moment.step, templates=templates)
    marked = np.diff(carriers.indptr)
    if marked.max(initial=0) < FEWEST_MARKED:
        return []
    ties = _NO_TIES if templates else standing_incidence(moment, IDENTITY_FAMILIES)
    found: dict[bytes, npt.NDArray[np.int64]] = {}
    for campaign in np.argsort(-marked, kind="stable")[:MOST_CAMPAIGNS]:
        if marked[campaign] < FEWEST_MARKED:
            break
        carrying = carriers.indices[carriers.indptr[campaign] : carriers.indptr[campaign + 1]]
        members = np.union1d(carrying, tied(ties, carrying, seen)).astype(np.int64)
        if members.size >= minimum_parties:
            found.setdefault(members.tobytes(), members)
    return list(found.values())


def tied(
    ties: Incidence, marked: npt.NDArray[np.int64], seen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Return the parties whose standing values tie them to marked ones.

    A value counts where two of the marked parties carry it, and one in twenty. What a party
    carries of these must outweigh the odds of any party belonging, log(parties / marked).

    Parameters:
        ties: Weighted links from parties to standing values.
        marked: Parties that carry marks of one campaign.
        seen: Parties that have appeared, shape (parties,).

    Examples:
        >>> links = Incidence(np.array([0, 1, 2, 3]), np.array([7, 7, 7, 8]), np.full(4, 5.0))
        >>> tied(links, np.array([0, 1]), np.ones(100, dtype=bool)).tolist()
        [0, 1, 2]
    """
    is_marked = np.zeros(seen.size, dtype=np.bool_)
    is_marked[marked] = True
    carrying = np.bincount(
        ties.value[is_marked[ties.party]], minlength=int(ties.value.max(initial=0)) + 1
    )
    common = carrying >= max(FEWEST_MARKED, marked.size / COMMON_ONE_IN)
    weight = np.bincount(ties.party, weights=ties.weight * common[ties.value], minlength=seen.size)
    return np.flatnonzero(weight >= np.log(np.count_nonzero(seen) / marked.size))
