"""PRADA on text: are the distances between an account's queries distributed as honest ones?

Juuti, Szyller, Marchal and Asokan, PRADA: protecting against DNN model stealing attacks, Euro
S&P 2019. For each query the smallest distance to a growing set of earlier queries; a query
enters the set when that distance exceeds mean minus deviation of the set's distances; outliers
beyond three deviations are dropped; Shapiro and Wilk's W below a threshold raises the alarm.
The paper keeps one set for each predicted class; a chat model predicts none, so there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.stats import shapiro

from peers.peer import Peer, Scored, learns_nothing, one_by_one
from peers.queries import Queries, read_queries

_LEAST, _MOST = 30, 300


def _judge(view: Queries, _model: None, least: int, evenings: Sequence[int]) -> list[Scored]:
    scores = np.full((len(evenings), len(view.accounts)), np.nan)
    for account in range(len(view.accounts)):
        vectors = view.vectors[view.of(account)]
        if len(vectors) < least:
            continue
        closeness = vectors @ vectors.T
        distances = smallest_distances(np.sqrt(np.maximum(0.0, 2.0 - 2.0 * closeness)))
        known, score = 0, np.nan
        for at, evening in enumerate(evenings):
            count = view.until(account, evening)
            if count >= least and count != known:
                known, score = count, oddness(distances[: count - 1])
            scores[at, account] = score
    return [one_by_one(row) for row in scores]


@numba.njit(cache=True)
def smallest_distances(distance: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the distance of each query but the first to the set that grew before it.

    Examples:
        >>> smallest_distances(np.array([[0, 3, 1], [3, 0, 2], [1, 2, 0]], np.float32)).tolist()
        [3.0, 1.0]
    """
    size = distance.shape[0]
    held = np.zeros(size, dtype=np.int64)
    count, total, squares, entered = 1, 0.0, 0.0, 0
    out = np.zeros(size - 1)
    for row in range(1, size):
        nearest = np.inf
        for at in range(count):
            nearest = min(nearest, distance[row, held[at]])
        out[row - 1] = nearest
        mean = total / entered if entered else 0.0
        deviation = np.sqrt(max(0.0, squares / entered - mean * mean)) if entered else 0.0
        if entered == 0 or nearest > mean - deviation:
            held[count] = row
            count += 1
            entered += 1
            total += nearest
            squares += nearest * nearest
    return out


def oddness(distances: NDArray[np.float64]) -> float:
    """Return 1 - W of the distances without outliers; NaN where all are equal or too few."""
    mean, deviation = distances.mean(), distances.std()
    kept = distances[np.abs(distances - mean) <= 3.0 * deviation]
    if kept.size < 3 or np.ptp(kept) < 1e-9:
        return float("nan")
    return float(1.0 - shapiro(kept).statistic)


def _read(path: Path) -> Queries:
    return read_queries(path, least=_LEAST, most=_MOST)


PEER = Peer[Queries, int, None](
    name="PRADA",
    source="Juuti et al. 2019",
    unit="accounts",
    note=f"hashed text features, one set for each account, its first {_MOST} queries",
    settings=(30, 50, 100),
    evenings="every",
    read=_read,
    learn=learns_nothing,
    judge=_judge,
)
