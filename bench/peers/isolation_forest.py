"""Isolation forest on the account features of the scan (Liu, Ting and Zhou, ICDM 2008)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from peers.account_features import ScannedAccounts, honest_parties, read_scanned
from peers.peer import Peer, Scored, one_by_one


def _learn(view: ScannedAccounts, honest: NDArray[np.bool_], most: int) -> IsolationForest:
    features = view.features(view.days - 1)[honest_parties(view, honest)]
    return IsolationForest(
        n_estimators=200, max_samples=min(most, len(features)), random_state=0
    ).fit(features)


def _judge(
    view: ScannedAccounts, model: IsolationForest, _setting: int, evenings: Sequence[int]
) -> list[Scored]:
    return [
        one_by_one(-model.score_samples(view.features(evening))[view.party]) for evening in evenings
    ]


PEER = Peer[ScannedAccounts, int, IsolationForest](
    name="isolation forest",
    source="scikit-learn",
    unit="accounts",
    note="features of the scan; fitted to honest accounts of validation",
    settings=(256, 2048),
    evenings="every",
    read=read_scanned,
    learn=_learn,
    judge=_judge,
)
