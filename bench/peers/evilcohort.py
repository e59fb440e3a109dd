"""Communities of accounts that use the same addresses.

Stringhini, Mourlanne, Jacob, Egele, Kruegel and Vigna, EvilCohort: detecting communities of
malicious accounts on online services, USENIX Security 2015: a bipartite graph of accounts and
addresses, projected to accounts with the number of common addresses as weight, cut below a
weight, Louvain communities, and those of at least k accounts are flagged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import networkit as nk
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from peers.observed import Observed, observe
from peers.peer import Peer, Scored, by_size, learns_nothing


@dataclass(frozen=True, slots=True)
class Setting:
    """Main parameters."""

    address: Literal["client_ip", "client_subnet"]
    least_common: int
    """Addresses that two parties must have in common."""


def _judge(view: Observed, _model: None, setting: Setting, evenings: Sequence[int]) -> list[Scored]:
    return [
        by_size(_communities(view, setting, evening)[view.party], view.party)
        for evening in evenings
    ]


def _communities(view: Observed, setting: Setting, evening: int) -> NDArray[np.int64]:
    values = view.values[setting.address]
    kept = (view.day <= evening) & (values >= 0)
    width = int(values.max(initial=0)) + 1
    cell = np.unique(view.party[view.account[kept]] * width + values[kept])
    used = sparse.csr_array(
        (np.ones(cell.size, np.float32), (cell // width, cell % width)),
        shape=(view.parties, width),
    )
    common = sparse.coo_array(sparse.triu(used @ used.T, k=1))
    strong = common.data >= setting.least_common
    graph = nk.GraphFromCoo(
        (
            common.data[strong].astype(float),
            (
                common.coords[0][strong].astype(np.uint64),
                common.coords[1][strong].astype(np.uint64),
            ),
        ),
        n=view.parties,
        weighted=True,
    )
    nk.setSeed(1, useThreadId=False)
    louvain = nk.community.PLM(graph, refine=False)
    louvain.run()
    labels = np.array(louvain.getPartition().getVector(), dtype=np.int64)
    return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=np.int64)


def _read(path: Path) -> Observed:
    return observe(path, ("client_ip", "client_subnet"))


PEER = Peer[Observed, Setting, None](
    name="addresses + Louvain",
    source="EvilCohort, Stringhini et al. 2015",
    unit="groups",
    note="",
    settings=tuple(
        Setting(address, least) for address in ("client_ip", "client_subnet") for least in (1, 2, 3)
    ),
    evenings="every",
    read=_read,
    learn=learns_nothing,
    judge=_judge,
)
