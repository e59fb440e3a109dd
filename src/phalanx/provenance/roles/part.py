"""A piece of a tensor that has one role: units, each with a vector over the residual stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.provenance.weights import Tensor
from phalanx.provenance.weights.numbers import Floats32

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Units of one kind (neurons, rows of heads, tokens), read or written over the stream."""

    tensor: Tensor
    """Where they are, a matrix."""

    residual_axis: int
    """Axis of the matrix that runs over the residual stream: 0 or 1."""

    picked: Places | None = None
    """Places of the units on the other axis, rising; all of them if not given."""

    @property
    def hidden(self) -> int:
        """Width of the residual stream."""
        return self.tensor.shape[self.residual_axis]

    @property
    def units(self) -> int:
        """How many units there are."""
        whole = self.tensor.shape[1 - self.residual_axis]
        return whole if self.picked is None else self.picked.size

    def blocks(self) -> Iterator[tuple[int, Floats32]]:
        """Yield the part in pieces of whole rows of the matrix, units where they are picked.

        Yields:
            A place, and a block: of the first unit, shape (units, hidden), if the residual axis is
            the last; else of the first coordinate of the stream, shape (coordinates, units).
        """
        if self.residual_axis == 0:
            for start, block in self.tensor.blocks():
                yield start, block if self.picked is None else block[:, self.picked]
        elif self.picked is None:
            yield from self.tensor.blocks()
        else:
            step = max(1, 2**23 // self.hidden)
            for start in range(0, self.picked.size, step):
                yield start, self.tensor.picked(self.picked[start : start + step])

    def whole(self) -> Floats32:
        """Return all of it, shape (units, hidden)."""
        pieces = [block for _, block in self.blocks()]
        if not pieces:
            return np.zeros((self.units, self.hidden), dtype=np.float32)
        return np.concatenate(pieces) if self.residual_axis else np.concatenate(pieces).T

    def among(self, places: Places) -> Part:
        """Return the part with some of its units only, at rising places.

        Examples:
            >>> tensor = Tensor("w", (9, 4), "F32", 144, lambda a, b: np.ones((b - a, 4), "f4"))
            >>> Part(tensor, 1, np.array([2, 5, 7])).among(np.array([0, 2])).picked.tolist()
            [2, 7]
        """
        inside = places if self.picked is None else self.picked[places]
        return Part(self.tensor, self.residual_axis, inside)
