"""Groups: communities of parties that share values.

Parties and the values that they use form a bipartite graph. A link weighs the
log-likelihood ratio of the shared value, log(m / u): how often parties of one operator
agree in this family (m) against how common the value is among all parties (u). Through
the value's node the edges stay linear in its users. A value that everybody uses weighs
nothing, smoothly: a hard limit on users would lose large campaigns as the data grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkit as nk
import numba
import numpy as np
import numpy.typing as npt
from scipy import sparse

from phalanx.detect.links import MISSING, Moment, SharedValues

AGREEMENT = 0.7
"""m: how often two parties of one operator are taken to agree in a family."""

MINIMUM_USERS = 3
"""A value that fewer parties share cannot hold a group together."""

MINIMUM_COVERAGE = 0.25
"""Share of a party's exchanges that a group's own content must explain."""

COMMON_ONE_IN = 20
"""A standing value is common in a group where one member in so many carries it."""

MAXIMUM_LINKS_PER_PARTY = 16
"""Links of a party to content values that enter the graph."""


@dataclass(frozen=True, slots=True)
class Incidence:
    """Who uses which value, with the weight of the link."""

    party: npt.NDArray[np.int64]
    value: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]


def content_incidence(sent: sparse.csr_array, exchanges: npt.NDArray[np.float64]) -> Incidence:
    """Link parties to the content values that they have used so far.

    Parameters:
        sent: Exchanges per party and content value until now.
        exchanges: Exchanges of each party until now, shape (parties,).

    Returns:
        Links weighted by rarity and by the share of the party's exchanges.
    """
    active = int((exchanges > 0).sum())
    users = np.bincount(sent.indices, minlength=sent.shape[1])
    rarity = np.log(AGREEMENT * active / np.maximum(users, 1))
    rarity[users < MINIMUM_USERS] = 0.0
    return Incidence(*_strongest_links(sent.indptr, sent.indices, sent.data, rarity, exchanges))


@numba.njit(cache=True, nogil=True)
def _strongest_links(
    starts: npt.NDArray[np.int64],
    values: npt.NDArray[np.int32],
    sent: npt.NDArray[np.float32],
    rarity: npt.NDArray[np.float64],
    exchanges: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Weigh each party's links and keep the heaviest, so that the graph stays small.

    Among equals the first values are kept, which are the same for all parties: parties
    that share much still share much of what is kept.
    """
    most = MAXIMUM_LINKS_PER_PARTY
    size = most * (starts.size - 1)
    party, value = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    weight = np.empty(size)
    filled = 0
    for row in range(starts.size - 1):
        low, high = starts[row], starts[row + 1]
        own = rarity[values[low:high]] * sent[low:high] / max(exchanges[row], 1.0)
        limit, left = 0.0, most
        if own.size > most:
            limit = np.partition(own, own.size - most)[own.size - most]
            left = most - int(np.count_nonzero(own > limit))
        for entry in range(own.size):
            if own[entry] <= 0.0 or own[entry] < limit:
                continue
            if own[entry] == limit and limit > 0.0:
                if left == 0:
                    continue
                left -= 1
            party[filled], value[filled] = row, values[low + entry]
            weight[filled] = own[entry]
            filled += 1
    return party[:filled], value[:filled], weight[:filled]


def standing_incidence(moment: Moment, families: Sequence[SharedValues]) -> Incidence:
    """Link parties that have appeared to the standing attributes that they carry."""
    seen = moment.population.activity.joined <= moment.step
    active = int(seen.sum())
    parties: list[npt.NDArray[np.int64]] = []
    values: list[npt.NDArray[np.int64]] = []
    weights: list[npt.NDArray[np.float64]] = []
    offset = 0
    for family in families:
        levels = family.values(moment)
        for level in levels:
            party = np.flatnonzero(seen & (level != MISSING))
            codes = np.unique(level[party], return_inverse=True)[1]
            users = np.bincount(codes)
            rarity = np.log(AGREEMENT * active / users)[codes] / len(levels)
            kept = (users[codes] >= 2) & (rarity > 0)
            parties.append(party[kept])
            values.append(codes[kept] + offset)
            weights.append(rarity[kept])
            offset += users.size
    return Incidence(np.concatenate(parties), np.concatenate(values), np.concatenate(weights))


def communities(incidence: Incidence, parties: int, seed: int) -> npt.NDArray[np.int64]:
    """Partition parties by the values that they share (Louvain with refinement).

    Parameters:
        incidence: Weighted links from parties to values.
        parties: Number of parties.
        seed: Fixes the result.

    Returns:
        Community of each party; `MISSING` for a party that shares nothing.

    References:
        Staudt & Meyerhenke, "Engineering parallel algorithms for community detection in
        massive networks", IEEE TPDS 27 (2016).
    """
    labels = np.full(parties, MISSING, dtype=np.int64)
    if incidence.party.size == 0:
        return labels
    used_parties, row = np.unique(incidence.party, return_inverse=True)
    used_values, column = np.unique(incidence.value, return_inverse=True)
    threads = nk.getMaxNumberOfThreads()
    nk.setNumberOfThreads(1)
    nk.setSeed(seed, useThreadId=False)
    graph = nk.GraphFromCoo(
        (incidence.weight, (row, column + used_parties.size)),
        n=used_parties.size + used_values.size,
        weighted=True,
    )
    louvain = nk.community.PLM(graph, refine=True, par="none")
    louvain.run()
    found = np.asarray(louvain.getPartition().getVector(), dtype=np.int64)
    nk.setNumberOfThreads(threads)
    labels[used_parties] = np.unique(found[: used_parties.size], return_inverse=True)[1]
    return labels


def groups_of(labels: npt.NDArray[np.int64], minimum: int) -> list[npt.NDArray[np.int64]]:
    """Return the members of each community with at least `minimum` parties."""
    order = np.argsort(labels, kind="stable")
    order = order[labels[order] != MISSING]
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return [members for members in np.split(order, cuts) if members.size >= minimum]


def owner_of_values(sent: sparse.csr_array, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the group whose own each content value is, `MISSING` for none, shape (values,).

    Content is a group's own where at least three members use a value, and they are the
    majority of its users.

    Parameters:
        sent: Exchanges per party and content value until now.
        labels: Group of each party, `MISSING` for none, shape (parties,).
    """
    return np.asarray(_owner_of_values(sent.indptr, sent.indices, labels, sent.shape[1]))


def content_coverage(
    sent: sparse.csr_array,
    exchanges: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    owner: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return the share of each party's exchanges that carry content of its own group.

    Parameters:
        sent: Exchanges per party and content value until now.
        exchanges: Exchanges of each party until now, shape (parties,).
        labels: Group of each party, `MISSING` for none, shape (parties,).
        owner: From `owner_of_values`, shape (values,).

    Returns:
        Shape (parties,), in [0, 1]; 0 for a party without a group.
    """
    explained = _explained(sent.indptr, sent.indices, sent.data, labels, owner)
    return np.asarray(np.minimum(1.0, explained / np.maximum(exchanges, 1.0)))


@numba.njit(cache=True, nogil=True)
def _owner_of_values(
    starts: npt.NDArray[np.int64],
    values: npt.NDArray[np.int32],
    labels: npt.NDArray[np.int64],
    width: int,
) -> npt.NDArray[np.int64]:
    """Return the group whose own each value is; `MISSING` for none.

    The only group that can hold the majority of a value's users is found by a vote in
    which users of different groups cancel out (Boyer & Moore 1981), then counted.
    """
    owner = np.full(width, MISSING, dtype=np.int64)
    lead = np.zeros(width, dtype=np.int64)
    users, inside = np.zeros(width, dtype=np.int64), np.zeros(width, dtype=np.int64)
    for party in range(labels.size):
        label = labels[party]
        for entry in range(starts[party], starts[party + 1]):
            value = values[entry]
            users[value] += 1
            if lead[value] == 0:
                owner[value], lead[value] = label, 1
            elif owner[value] == label and label != MISSING:
                lead[value] += 1
            else:
                lead[value] -= 1
    for party in range(labels.size):
        for entry in range(starts[party], starts[party + 1]):
            inside[values[entry]] += owner[values[entry]] == labels[party]
    for value in range(width):
        if inside[value] < MINIMUM_USERS or 2 * inside[value] <= users[value]:
            owner[value] = MISSING
    return owner


@numba.njit(cache=True, nogil=True)
def _explained(
    starts: npt.NDArray[np.int64],
    values: npt.NDArray[np.int32],
    exchanges: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    owner: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Sum, per party, the exchanges of values that belong to the party's own group."""
    explained = np.zeros(labels.size)
    for party in range(labels.size):
        if labels[party] != MISSING:
            for entry in range(starts[party], starts[party + 1]):
                if owner[values[entry]] == labels[party]:
                    explained[party] += exchanges[entry]
    return explained


def is_own(inside: npt.NDArray[np.int64], users: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Say which values are a group's own: three members use them, and are most of their users.

    Examples:
        >>> is_own(np.array([2, 3, 3]), np.array([2, 5, 6])).tolist()
        [False, True, False]
    """
    return np.asarray((inside >= MINIMUM_USERS) & (2 * inside > users))


def own_content(
    sent: sparse.csr_array, users: npt.NDArray[np.int64], members: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Mark the values that are one group's own, shape (values,): see `owner_of_values`.

    Parameters:
        sent: Exchanges per party and content value.
        users: Parties that use each value, shape (values,).
        members: Parties of the group.
    """
    inside = np.bincount(sent[members].indices, minlength=users.size)
    return is_own(inside, users)


def standing_core(
    incidence: Incidence, labels: npt.NDArray[np.int64], active: int
) -> npt.NDArray[np.bool_]:
    """Mark parties whose group's common values outweigh the odds of any party belonging.

    A value is common in a group where at least three members, and one in twenty, carry
    it. The odds against are log(active parties / members).

    Parameters:
        incidence: Links of all parties.
        labels: Group of each party, `MISSING` for none, shape (parties,).
        active: Parties that have appeared.
    """
    label = labels[incidence.party]
    inside = label != MISSING
    party, weight = incidence.party[inside], incidence.weight[inside]
    width = int(incidence.value.max(initial=0)) + 1
    _, code, users = np.unique(
        label[inside] * width + incidence.value[inside], return_inverse=True, return_counts=True
    )
    sizes = np.bincount(labels[labels != MISSING], minlength=1)
    common = users[code] >= np.maximum(MINIMUM_USERS, sizes[label[inside]] / COMMON_ONE_IN)
    total = np.bincount(party, weights=weight * common, minlength=labels.size)
    needed = np.full(labels.size, np.inf)
    grouped = labels != MISSING
    needed[grouped] = np.log(active / sizes[labels[grouped]])
    return np.asarray(total >= needed)
