"""A model that tells what prompts mean, instead of which words they hold."""

from __future__ import annotations

from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.detect.sketch import SIGNS


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
        carried: Which prompts are long enough to say something; the others get 0.
    """
    signs = np.zeros(len(prompts), dtype=np.int64)
    rows = np.flatnonzero(carried)
    if rows.size:
        encoded = prompts.take(pa.array(rows)).dictionary_encode()
        signs[rows] = _signs(embedder.embed(encoded.dictionary))[encoded.indices.to_numpy()]
    return signs


def _signs(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    above = vectors.astype(np.float64) @ _planes(vectors.shape[1]) > 0.0
    signs = np.packbits(above, axis=1, bitorder="little").view("<i8")[:, 0].astype(np.int64)
    return np.where(signs == 0, 1, signs)


@cache
def _planes(dimensions: int) -> npt.NDArray[np.float64]:
    """Return the same planes on every machine, shape (dimensions, SIGNS)."""
    return np.random.default_rng(20261125).normal(size=(dimensions, SIGNS))
