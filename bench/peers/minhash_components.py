"""Near-duplicate prompts by MinHash LSH, accounts joined by connected components.

datasketch for the sketches, networkx for the components: the usual recipe for finding
near-duplicates, here across accounts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow as pa
from datasketch import MinHash, MinHashLSH
from numpy.typing import NDArray

from peers.observed import observe
from peers.peer import Peer, Scored, by_size, learns_nothing

_PROMPTS = 4
"""Prompts of each account: datasketch is too slow for all."""

_PERMUTATIONS = 64


@dataclass(frozen=True, slots=True)
class Setting:
    """Main parameters."""

    similarity: float
    """Jaccard similarity of the words' triples."""

    least_pairs: int
    """Near-duplicates that two parties must have in common."""


@dataclass(frozen=True, eq=False)
class Sketches:
    """Sketches of a blind sample of prompts, in order of time."""

    accounts: tuple[str, ...]
    party: NDArray[np.int64]
    days: int
    rows: int
    sketch_party: tuple[int, ...]
    sketch_day: tuple[int, ...]
    sketches: tuple[MinHash, ...]


def _read(path: Path) -> Sketches:
    observed = observe(path, texts=True)
    if observed.texts is None:
        message = "texts were asked for"
        raise RuntimeError(message)
    rng = np.random.default_rng(0)
    order = np.lexsort([rng.random(observed.rows), observed.account])
    place = np.arange(observed.rows) - np.searchsorted(
        observed.account[order], observed.account[order]
    )
    rows = np.sort(order[place < _PROMPTS])
    shingles = (_shingles(text) for text in observed.texts.take(pa.array(rows)).to_pylist())
    return Sketches(
        accounts=observed.accounts,
        party=observed.party,
        days=observed.days,
        rows=observed.rows,
        sketch_party=tuple(observed.party[observed.account[rows]].tolist()),
        sketch_day=tuple(observed.day[rows].tolist()),
        sketches=tuple(MinHash.bulk(shingles, num_perm=_PERMUTATIONS)),
    )


def _shingles(text: str) -> list[bytes]:
    words = text.split()[:300]
    return [" ".join(words[at : at + 3]).encode() for at in range(max(1, len(words) - 2))]


def _judge(view: Sketches, _model: None, setting: Setting, evenings: Sequence[int]) -> list[Scored]:
    """Insert prompts day by day; read the components on the evenings."""
    index = MinHashLSH(threshold=setting.similarity, num_perm=_PERMUTATIONS)
    graph = nx.Graph()
    graph.add_nodes_from(range(int(view.party.max()) + 1))
    pairs: Counter[tuple[int, int]] = Counter()
    found, at = [], 0
    for evening in evenings:
        while at < len(view.sketches) and view.sketch_day[at] <= evening:
            party = view.sketch_party[at]
            for other in {view.sketch_party[near] for near in index.query(view.sketches[at])}:
                if other != party:
                    pair = (min(party, other), max(party, other))
                    pairs[pair] += 1
                    if pairs[pair] >= setting.least_pairs:
                        graph.add_edge(*pair)
            index.insert(at, view.sketches[at])
            at += 1
        label = np.zeros(graph.number_of_nodes(), dtype=np.int64)
        for number, component in enumerate(nx.connected_components(graph)):
            label[list(component)] = number
        found.append(by_size(label[view.party], view.party))
    return found


PEER = Peer[Sketches, Setting, None](
    name="MinHash LSH + components",
    source="datasketch, networkx",
    unit="groups",
    note=f"{_PROMPTS} blindly drawn prompts of each account; exchanges/s counts the whole log",
    settings=tuple(Setting(similarity, pairs) for similarity in (0.5, 0.8) for pairs in (1, 2)),
    evenings="every",
    read=_read,
    learn=learns_nothing,
    judge=_judge,
)
