"""The "any shared attribute" rule: one value in common makes two accounts one hydra.

The rule that open-source tools use: accounts that share a payment, a /24, a TLS fingerprint
or an organisation are merged, and a component of at least k accounts is flagged, however
common the value is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from peers.observed import Observed, observe
from peers.peer import Peer, Scored, by_size, learns_nothing

_ALL = ("payment_fingerprint", "client_subnet", "tls_fingerprint", "organisation")
_WITHOUT_TLS = ("payment_fingerprint", "client_subnet", "organisation")
_PAYMENT = ("payment_fingerprint", "organisation")


def _judge(
    view: Observed, _model: None, setting: tuple[str, ...], evenings: Sequence[int]
) -> list[Scored]:
    everyone = np.arange(len(view.accounts))
    return [by_size(_components(view, setting, evening), everyone) for evening in evenings]


def _components(view: Observed, columns: tuple[str, ...], evening: int) -> np.ndarray:
    """Merge accounts through the values that they used until an evening."""
    accounts, shift = [], len(view.accounts)
    values = []
    for column in columns:
        kept = (view.day <= evening) & (view.values[column] >= 0)
        accounts.append(view.account[kept])
        values.append(view.values[column][kept] + shift)
        shift += int(view.values[column].max(initial=-1)) + 1
    left, right = np.concatenate(accounts), np.concatenate(values)
    graph = sparse.coo_array((np.ones(left.size, np.int8), (left, right)), shape=(shift, shift))
    labels = connected_components(graph, directed=False)[1]
    return np.asarray(labels[: len(view.accounts)], dtype=np.int64)


def _read(path: Path) -> Observed:
    return observe(path, _ALL)


PEER = Peer[Observed, tuple[str, ...], None](
    name="any shared attribute",
    source="hydra rule of open-source detectors",
    unit="groups",
    note="accounts, not parties, are merged: the organisation is one of the attributes",
    settings=(_ALL, _WITHOUT_TLS, _PAYMENT),
    evenings="every",
    read=_read,
    learn=learns_nothing,
    judge=_judge,
)
