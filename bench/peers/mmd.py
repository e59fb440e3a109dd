"""Maximum mean discrepancy: a two-sample test of windows of an account against honest traffic.

The protocol of recent work on extraction through language-model APIs (arXiv 2606.05725):
unbiased squared MMD, four RBF widths, windows of 1,500 or 100 queries. Gretton et al., A kernel
two-sample test, JMLR 2012.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from peers.peer import Peer, Scored, one_by_one
from peers.queries import Queries, read_queries

_WINDOWS = 3
"""Windows of each account that are tested."""

_REFERENCE = 750


@dataclass(frozen=True, eq=False)
class Reference:
    """Honest traffic to compare with."""

    vectors: NDArray[np.float32]
    squared_width: float
    """Largest of the four squared widths; each other is half of the next."""

    within: float
    """Mean kernel value of different vectors of the reference."""


def reference(vectors: NDArray[np.float32]) -> Reference:
    """Prepare honest vectors of length one, shape (queries, dimensions).

    Squared widths are a half, one, two and four times the median squared distance.
    """
    squared = 2.0 - 2.0 * vectors @ vectors.T
    width = 4.0 * float(np.median(squared[~np.eye(len(vectors), dtype=bool)]))
    return Reference(vectors, width, _mean_of_different(kernel(vectors, vectors, width)))


def kernel(
    left: NDArray[np.float32], right: NDArray[np.float32], squared_width: float
) -> NDArray[np.float32]:
    """Return the sum of four RBF kernels, each in [0, 1], of vectors of length one."""
    widest = np.exp((2.0 * (left @ right.T) - 2.0) / np.float32(2.0 * squared_width))
    second = widest * widest
    third = second * second
    return np.asarray(widest + second + third + third * third)


def discrepancy(window: NDArray[np.float32], honest: Reference) -> float:
    """Return the unbiased squared MMD of a window and the reference, summed over widths.

    Null hypothesis: the window's queries are independent draws from the reference's
    distribution; then the mean is 0.

    Examples:
        >>> rng = np.random.default_rng(1)
        >>> draws = rng.normal(size=(300, 8)).astype(np.float32)
        >>> draws /= np.linalg.norm(draws, axis=1, keepdims=True)
        >>> honest = reference(draws[:200])
        >>> bool(abs(discrepancy(draws[200:], honest)) < 0.02 < discrepancy(abs(draws), honest))
        True
    """
    own = _mean_of_different(kernel(window, window, honest.squared_width))
    across = float(kernel(window, honest.vectors, honest.squared_width).mean())
    return own + honest.within - 2.0 * across


def _mean_of_different(values: NDArray[np.float32]) -> float:
    size = len(values)
    return float((values.sum(dtype=np.float64) - np.trace(values)) / (size * (size - 1)))


def _learn(view: Queries, honest: NDArray[np.bool_], _window: int) -> Reference:
    return reference(view.sample[honest[view.sample_account]][:_REFERENCE])


def _judge(view: Queries, model: Reference, window: int, evenings: Sequence[int]) -> list[Scored]:
    scores = np.full((len(evenings), len(view.accounts)), np.nan)
    for account in range(len(view.accounts)):
        place = view.of(account)
        complete = min(_WINDOWS, (place.stop - place.start) // window)
        values = [
            discrepancy(view.vectors[place.start + at * window :][:window], model)
            for at in range(complete)
        ]
        for at, evening in enumerate(evenings):
            until = view.until(account, evening) // window if complete else 0
            scores[at, account] = max(values[:until], default=np.nan)
    return [one_by_one(row) for row in scores]


def _reader(window: int) -> Callable[[Path], Queries]:
    def read(path: Path) -> Queries:
        return read_queries(path, least=window, most=_WINDOWS * window)

    return read


def mmd_peer(window: int) -> Peer[Queries, int, Reference]:
    """Return the peer that tests windows of this many queries."""
    return Peer(
        name=f"MMD, {window:,} queries",
        source="protocol of arXiv 2606.05725",
        unit="accounts",
        note=(
            f"hashed text features, the first {_WINDOWS} windows of an account against "
            f"{_REFERENCE} honest queries of the validation population"
        ),
        settings=(window,),
        evenings="every",
        read=_reader(window),
        learn=_learn,
        judge=_judge,
    )


PEER = mmd_peer(1_500)
PEER_SMALL = mmd_peer(100)
