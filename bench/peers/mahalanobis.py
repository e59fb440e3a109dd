"""Mahalanobis distance of an account's features from those of honest accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peers.account_features import ScannedAccounts, honest_parties, read_scanned
from peers.peer import Peer, Scored, one_by_one


@dataclass(frozen=True, eq=False)
class Normal:
    """A multivariate normal distribution."""

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]


def _learn(view: ScannedAccounts, honest: NDArray[np.bool_], shrinkage: float) -> Normal:
    features = view.features(view.days - 1)[honest_parties(view, honest)]
    covariance = np.cov(features, rowvar=False)
    # Shrunk towards its diagonal, so that columns that hardly vary do not decide alone.
    diagonal = np.diag(np.diag(covariance) + 1e-9)
    shrunk = (1.0 - shrinkage) * covariance + shrinkage * diagonal
    return Normal(features.mean(axis=0), np.asarray(np.linalg.inv(shrunk), dtype=np.float64))


def _judge(
    view: ScannedAccounts, model: Normal, _setting: float, evenings: Sequence[int]
) -> list[Scored]:
    found = []
    for evening in evenings:
        offset = view.features(evening) - model.mean
        distance = np.einsum("ij,jk,ik->i", offset, model.precision, offset)
        found.append(one_by_one(distance[view.party]))
    return found


PEER = Peer[ScannedAccounts, float, Normal](
    name="Mahalanobis distance",
    source="Mahalanobis 1936",
    unit="accounts",
    note="features of the scan; mean and covariance from honest accounts of validation",
    settings=(0.01, 0.5, 1.0),
    evenings="every",
    read=read_scanned,
    learn=_learn,
    judge=_judge,
)
