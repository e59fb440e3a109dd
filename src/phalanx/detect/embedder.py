"""A model that tells what prompts mean, instead of which words they hold."""

from __future__ import annotations

from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.sketches.prompts import SIGNS


class Embedder(Protocol):
    """Turns prompts into vectors; it is pickled where Spark's workers read."""

    @property
    def digest(self) -> str:
        """Of everything that decides the vectors, hexadecimal."""
        ...

    def embed(self, prompts: pa.Array) -> npt.NDArray[np.float32]:
        """Return one vector per prompt, shape (prompts, dimensions).

        Parameters:
            prompts: String array without nulls.
        """
        ...


def embedded_signs(
    embedder: Embedder, prompts: pa.Array, carried: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Return on which sides of 64 random planes the vectors of prompts lie.

    Parameters:
        embedder: Reads each distinct prompt once.
        prompts: String array without nulls.
        carried: Which prompts are asked for; the others get 0.
    """
    signs = np.zeros(len(prompts), dtype=np.int64)
    rows = np.flatnonzero(carried)
    if rows.size:
        encoded = prompts.take(pa.array(rows)).dictionary_encode()
        signs[rows] = _signs(embedder.embed(encoded.dictionary))[encoded.indices.to_numpy()]
    return signs


def may_be_picked(
    account: npt.NDArray[np.int64],
    step: npt.NDArray[np.int64],
    draw: npt.NDArray[np.int64],
    carried: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Return which prompts of a batch may be the one that is kept of their account and step.

    It is the one with the smallest draw (`tables.account_steps`); a model need read no other.

    Parameters:
        account: Account of each prompt, shape (prompts,).
        step: Step of each prompt.
        draw: Order in which one is picked.
        carried: Which prompts are long enough to say something.

    Examples:
        >>> account, step, draw = np.array([7, 7, 7, 8]), np.zeros(4), np.array([1, 5, 3, 9])
        >>> may_be_picked(account, step, draw, np.array([False, True, True, True])).tolist()
        [False, False, True, True]
    """
    rows = np.flatnonzero(carried)
    order = rows[np.lexsort((draw[rows], step[rows], account[rows]))]
    is_first = np.ones(order.size, dtype=np.bool_)
    is_first[1:] = (np.diff(account[order]) != 0) | (np.diff(step[order]) != 0)
    smallest = draw[order[is_first]][np.cumsum(is_first) - 1]
    found = np.zeros(carried.size, dtype=np.bool_)
    # Of equal draws any may be picked.
    found[order] = draw[order] == smallest
    return found


def _signs(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    above = vectors.astype(np.float64) @ _planes(vectors.shape[1]) > 0.0
    signs = np.packbits(above, axis=1, bitorder="little").view("<i8")[:, 0].astype(np.int64)
    return np.where(signs == 0, 1, signs)


@cache
def _planes(dimensions: int) -> npt.NDArray[np.float64]:
    """Return the same planes on every machine, shape (dimensions, SIGNS)."""
    return np.random.default_rng(20261125).normal(size=(dimensions, SIGNS))
