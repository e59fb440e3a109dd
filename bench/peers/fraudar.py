"""FRAUDAR: the densest blocks of the graph of accounts and what they wrote alike.

Hooi, Song, Beutel, Shah, Shin and Faloutsos, FRAUDAR: bounding graph fraud in the face of
camouflage, KDD 2016: nodes are peeled off greedily, the least suspicious first; an edge weighs
1 / log(degree of its value + 5), so that values which everybody uses count little; the best set
on the way is the block. Its edges are taken out, and the next block is searched.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Literal

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from peers.account_features import ScannedAccounts, read_scanned
from peers.peer import Peer, Scored, learns_nothing

_BLOCKS = 20
_ONE_VALUE_IN = 4

Setting = Literal["1 / log(degree + 5)", "1 / degree"]


def _judge(
    view: ScannedAccounts, _model: None, setting: Setting, evenings: Sequence[int]
) -> list[Scored]:
    found = []
    for evening in evenings:
        block, density = blocks(_graph(view, evening), setting)
        score = np.concatenate([density, [-np.inf]])[block]
        found.append(Scored(score=score[view.party], group=block[view.party]))
    return found


def _graph(view: ScannedAccounts, evening: int) -> sparse.csr_array:
    """Return which party used which shared content value, a blind quarter of the values."""
    used = sparse.csc_array(view.population.content.until(evening))
    degree = np.diff(used.indptr)
    kept = np.flatnonzero((degree >= 2) & (np.arange(used.shape[1]) % _ONE_VALUE_IN == 0))
    return sparse.csr_array(used[:, kept])


def blocks(
    graph: sparse.csr_array, setting: Setting
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find dense blocks one after the other.

    Parameters:
        graph: Parties by values, shape (parties, values).
        setting: How a value is weighed by its degree.

    Returns:
        Block of each party (their number where it is in none), and the density of each block.

    Examples:
        >>> used = np.kron(np.eye(2), np.ones((3, 4)))
        >>> blocks(sparse.csr_array(used), "1 / degree")[0].tolist()[:2]
        [0, 0]
    """
    parties = graph.shape[0]
    of_party = np.full(parties, _BLOCKS, dtype=np.int64)
    densities = np.full(_BLOCKS, -np.inf)
    left = sparse.coo_array(graph)
    row, column = (axis.astype(np.int64) for axis in left.coords)
    for number in range(_BLOCKS):
        if row.size == 0:
            break
        degree = np.bincount(column, minlength=graph.shape[1])
        weigh = np.log(degree + 5.0) if setting != "1 / degree" else np.maximum(degree, 1.0)
        inside, density = _densest(row, column, 1.0 / weigh, graph.shape)
        members = inside[:parties] & (of_party == _BLOCKS)
        of_party[members] = number
        densities[number] = density
        taken = inside[row] & inside[column + parties]
        row, column = row[~taken], column[~taken]
    return of_party, densities


def _densest(
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    weight: NDArray[np.float64],
    shape: tuple[int, int],
) -> tuple[NDArray[np.bool_], float]:
    """Peel the graph and return the best set of nodes on the way, and its density."""
    left = np.concatenate([row, column + shape[0]])
    right = np.concatenate([column + shape[0], row])
    order = np.argsort(left, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(left, minlength=sum(shape)))])
    return _peel(starts, right[order], np.concatenate([weight[column], weight[column]])[order])


@numba.njit(cache=True)
def _peel(
    starts: NDArray[np.int64], neighbour: NDArray[np.int64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], float]:
    nodes = starts.size - 1
    strength = np.zeros(nodes)
    total, remaining = 0.0, 0
    heap = [(0.0, 0) for _ in range(0)]
    for node in range(nodes):
        for at in range(starts[node], starts[node + 1]):
            strength[node] += weight[at]
        if strength[node] > 0:
            heap.append((strength[node], node))
            total += strength[node] / 2.0
            remaining += 1
    heapq.heapify(heap)
    gone = strength <= 0
    removed = np.zeros(remaining, dtype=np.int64)
    count, best_count, best = 0, 0, total / remaining
    while count < removed.size:
        value, node = heapq.heappop(heap)
        # Every change of a strength pushes a new entry; older ones are passed over.
        if gone[node] or value > strength[node] + 1e-9:
            continue
        gone[node] = True
        removed[count] = node
        count += 1
        total -= strength[node]
        for at in range(starts[node], starts[node + 1]):
            other = neighbour[at]
            if not gone[other]:
                strength[other] -= weight[at]
                heapq.heappush(heap, (strength[other], other))
        if count < removed.size and total / (removed.size - count) > best:
            best, best_count = total / (removed.size - count), count
    inside = np.zeros(nodes, dtype=np.bool_)
    inside[removed[best_count:]] = True
    return inside, best


PEER = Peer[ScannedAccounts, Setting, None](
    name="FRAUDAR",
    source="Hooi et al. 2016",
    unit="groups",
    note=f"one content value in {_ONE_VALUE_IN}, drawn blindly; at most {_BLOCKS} blocks",
    settings=("1 / log(degree + 5)", "1 / degree"),
    evenings="some",
    read=read_scanned,
    learn=learns_nothing,
    judge=_judge,
)
