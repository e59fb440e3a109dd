"""Co-activity in the manner of SynchroTrap: accounts that are active in the same minutes.

Cao, Yang, Yu and Palow, Uncovering large groups of active malicious accounts in online
social networks, CCS 2014: Jaccard similarity of sets of timed actions, single linkage above
a similarity, clusters of at least k. An action is an exchange in a bin of minutes; the paper
also asks for a common object (an address, a page), of which a model API has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from peers.observed import Observed, observe
from peers.peer import Peer, Scored, by_size, learns_nothing

_LEAST_ACTIONS = 5
_ROWS_AT_A_TIME = 512


@dataclass(frozen=True, slots=True)
class Setting:
    """Main parameters."""

    bin_minutes: int
    similarity: float


def _judge(view: Observed, _model: None, setting: Setting, evenings: Sequence[int]) -> list[Scored]:
    found = []
    for evening in evenings:
        sets = _actions(view, setting.bin_minutes, evening)
        found.append(by_size(_clusters(sets, setting.similarity)[view.party], view.party))
    return found


def _actions(view: Observed, bin_minutes: int, evening: int) -> sparse.csr_array:
    """Return which party was active in which bin, shape (parties, bins)."""
    kept = view.day <= evening
    slot = view.time_us[kept] // (bin_minutes * 60_000_000)
    shape = (view.parties, int(slot.max()) + 1)
    cell = np.unique(view.party[view.account[kept]] * shape[1] + slot)
    rows, columns = cell // shape[1], cell % shape[1]
    return sparse.csr_array((np.ones(cell.size, np.float32), (rows, columns)), shape=shape)


def _clusters(sets: sparse.csr_array, similarity: float) -> NDArray[np.int64]:
    """Join parties whose sets have at least this Jaccard similarity, step by step."""
    size = np.asarray(sets.sum(axis=1))
    busy = np.flatnonzero(size >= _LEAST_ACTIONS)
    kept, kept_size = sets[busy], size[busy]
    other = sparse.csc_array(kept.T)
    edges = []
    for start in range(0, busy.size, _ROWS_AT_A_TIME):
        common = sparse.coo_array(kept[start : start + _ROWS_AT_A_TIME] @ other)
        row, column = common.coords[0] + start, common.coords[1]
        union = kept_size[row] + kept_size[column] - common.data
        alike = (common.data >= similarity * union) & (row < column)
        edges.append(np.stack([busy[row[alike]], busy[column[alike]]]))
    left, right = np.concatenate(edges, axis=1) if edges else np.zeros((2, 0), np.int64)
    graph = sparse.coo_array((np.ones(left.size, np.int8), (left, right)), shape=(size.size,) * 2)
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _read(path: Path) -> Observed:
    return observe(path)


PEER = Peer[Observed, Setting, None](
    name="SynchroTrap-like",
    source="Cao et al. 2014",
    unit="groups",
    note=f"parties with fewer than {_LEAST_ACTIONS} active bins are left out",
    settings=tuple(
        Setting(minutes, similarity) for minutes in (5, 30) for similarity in (0.15, 0.25, 0.4)
    ),
    evenings="some",
    read=_read,
    learn=learns_nothing,
    judge=_judge,
)
