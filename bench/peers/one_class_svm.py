"""One-class SVM on the account features of the scan (Schölkopf et al., 2001)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from peers.account_features import ScannedAccounts, honest_parties, read_scanned
from peers.peer import Peer, Scored, one_by_one

_MOST = 4_000
"""Honest parties that are learned from."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Main parameters."""

    outliers: float
    """Upper bound of the share of honest parties outside, nu."""

    gamma: float


def _learn(view: ScannedAccounts, honest: NDArray[np.bool_], setting: Setting) -> Pipeline:
    features = view.features(view.days - 1)[honest_parties(view, honest)]
    chosen = np.random.default_rng(0).permutation(len(features))[:_MOST]
    machine = OneClassSVM(nu=setting.outliers, gamma=setting.gamma)
    return make_pipeline(StandardScaler(), machine).fit(features[chosen])


def _judge(
    view: ScannedAccounts, model: Pipeline, _setting: Setting, evenings: Sequence[int]
) -> list[Scored]:
    return [
        one_by_one(-model.decision_function(view.features(evening))[view.party])
        for evening in evenings
    ]


PEER = Peer[ScannedAccounts, Setting, Pipeline](
    name="one-class SVM",
    source="scikit-learn",
    unit="accounts",
    note=f"features of the scan; fitted to at most {_MOST:,} honest parties of validation",
    settings=tuple(
        Setting(outliers, gamma) for outliers in (0.001, 0.01, 0.05) for gamma in (0.005, 0.05)
    ),
    evenings="some",
    read=read_scanned,
    learn=_learn,
    judge=_judge,
)
