"""Groups: communities of parties that share values.

Parties and the values that they use form a bipartite graph. A link weighs the
log-likelihood ratio of the shared value, log(m / u): how often parties of one operator
agree in this family (m) against how common the value is among all parties (u). Through
the value's node the edges stay linear in its users. A value that everybody uses weighs
nothing, smoothly: a hard limit on users would lose large campaigns as the data grow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkit as nk
import numba
import numpy as np
import numpy.typing as npt
from scipy import sparse

from phalanx.detect.links import MISSING, Evening, LinkFamily
from phalanx.detect.population import ContentUse

AGREEMENT = 0.7
"""m: how often two parties of one operator are taken to agree in a family."""

MINIMUM_USERS = 3
"""A value that fewer parties share cannot hold a group together."""

MINIMUM_COVERAGE = 0.25
"""Share of a party's exchanges that a group's own content must explain."""

MAXIMUM_LINKS_PER_PARTY = 48
"""Links of a party to content values that enter the graph."""


@dataclass(frozen=True, slots=True)
class Incidence:
    """Who uses which value, with the weight of the link."""

    party: npt.NDArray[np.int64]
    value: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]


def no_content(use: ContentUse, parties: int) -> sparse.csr_array:
    """Return an empty matrix of exchanges per party and shared content value."""
    return sparse.csr_array((parties, max(use.values, 1)), dtype=np.float32)


def content_of_days(
    use: ContentUse, shape: tuple[int, int], days: int
) -> Iterator[sparse.csr_array]:
    """Yield exchanges per party and shared content value, one matrix of `shape` a day."""
    edges = np.searchsorted(use.day, np.arange(days + 1))
    for low, high in pairwise(edges):
        sent = use.exchanges[low:high].astype(np.float32)
        yield sparse.csr_array((sent, (use.party[low:high], use.value[low:high])), shape=shape)


def content_incidence(sent: sparse.csr_array, exchanges: npt.NDArray[np.float32]) -> Incidence:
    """Link parties to the content values that they have used so far.

    Parameters:
        sent: Exchanges per party and content value until this evening.
        exchanges: Exchanges of each party until this evening, shape (parties,).

    Returns:
        Links weighted by rarity and by the share of the party's exchanges.
    """
    total = sent.tocoo()
    active = int((exchanges > 0).sum())
    users = np.bincount(total.col, minlength=sent.shape[1])
    with np.errstate(divide="ignore"):
        rarity = np.log(AGREEMENT * active / users)
    kept = (users[total.col] >= MINIMUM_USERS) & (rarity[total.col] > 0)
    party, value = total.row[kept].astype(np.int64), total.col[kept].astype(np.int64)
    weight = rarity[value] * total.data[kept] / exchanges[party]
    return _strongest(Incidence(party, value, weight.astype(np.float64)))


def standing_incidence(evening: Evening, families: Sequence[LinkFamily]) -> Incidence:
    """Link parties that have appeared to the standing attributes that they carry."""
    seen = evening.population.joined_on() <= evening.day
    active = int(seen.sum())
    parties: list[npt.NDArray[np.int64]] = []
    values: list[npt.NDArray[np.int64]] = []
    weights: list[npt.NDArray[np.float64]] = []
    offset = 0
    for family in families:
        levels = family.values(evening)
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


def content_coverage(
    sent: sparse.csr_array,
    exchanges: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return the share of each party's exchanges that carry content of its own group.

    Content is a group's own where at least three members use a value, and they are the
    majority of its users.

    Parameters:
        sent: Exchanges per party and content value until this evening.
        exchanges: Exchanges of each party until this evening, shape (parties,).
        labels: Group of each party, `MISSING` for none, shape (parties,).

    Returns:
        Shape (parties,), in [0, 1]; 0 for a party without a group.
    """
    by_value = sent.tocsc()
    explained = _explained(
        by_value.indptr, by_value.indices, by_value.data, labels, int(labels.max(initial=0)) + 1
    )
    return np.asarray(np.minimum(1.0, explained / np.maximum(exchanges, 1.0)))


@numba.njit(cache=True, nogil=True)
def _explained(
    starts: npt.NDArray[np.int32],
    party: npt.NDArray[np.int32],
    exchanges: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    groups: int,
) -> npt.NDArray[np.float64]:
    """Sum, per party, the exchanges of values that belong to the party's own group."""
    explained = np.zeros(labels.size)
    users_inside = np.zeros(groups, dtype=np.int64)
    for value in range(starts.size - 1):
        low, high = starts[value], starts[value + 1]
        for entry in range(low, high):
            label = labels[party[entry]]
            if label >= 0:
                users_inside[label] += 1
        for entry in range(low, high):
            label = labels[party[entry]]
            if label >= 0:
                inside = users_inside[label]
                if inside >= MINIMUM_USERS and 2 * inside >= high - low:
                    explained[party[entry]] += exchanges[entry]
        for entry in range(low, high):
            label = labels[party[entry]]
            if label >= 0:
                users_inside[label] = 0
    return explained


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
    common = users[code] >= np.maximum(MINIMUM_USERS, sizes[label[inside]] / 20)
    total = np.bincount(party, weights=weight * common, minlength=labels.size)
    needed = np.full(labels.size, np.inf)
    grouped = labels != MISSING
    needed[grouped] = np.log(active / sizes[labels[grouped]])
    return np.asarray(total >= needed)


def _strongest(incidence: Incidence) -> Incidence:
    """Keep each party's strongest links, ties by value, so that the graph stays small.

    Ties by value keep the same values for all parties, so that parties that share much
    still share much of what is kept.
    """
    starts = np.searchsorted(incidence.party, np.arange(incidence.party.max(initial=0) + 2))
    kept = _strongest_rows(starts, incidence.weight, MAXIMUM_LINKS_PER_PARTY)
    return Incidence(incidence.party[kept], incidence.value[kept], incidence.weight[kept])


@numba.njit(cache=True, nogil=True)
def _strongest_rows(
    starts: npt.NDArray[np.int64], weight: npt.NDArray[np.float64], most: int
) -> npt.NDArray[np.bool_]:
    """Mark the `most` heaviest entries of each row, the first of equals."""
    kept = np.zeros(weight.size, dtype=np.bool_)
    for row in range(starts.size - 1):
        low, high = starts[row], starts[row + 1]
        if high - low <= most:
            kept[low:high] = True
            continue
        limit = np.partition(weight[low:high], high - low - most)[high - low - most]
        left = most
        for entry in range(low, high):
            if weight[entry] > limit:
                kept[entry] = True
                left -= 1
        for entry in range(low, high):
            if left and weight[entry] == limit:
                kept[entry] = True
                left -= 1
    return kept
