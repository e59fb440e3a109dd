"""One tensor, of which a piece at a time is in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.errors import InputError
from phalanx.provenance.weights.header import Stored
from phalanx.provenance.weights.numbers import Decode, Floats32, readable, to_float32
from phalanx.provenance.weights.pieces import read_piece
from phalanx.tensor_layout import BITS

BLOCK_NUMBERS = 2**23
"""Numbers of one block, 32 MB as float32, unless one row has more."""

_MOST_ROW_NUMBERS = 2**28


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A named tensor whose rows can be had as float32."""

    name: str
    """As the checkpoint names it, without the endings of packed parts."""

    shape: tuple[int, ...]
    """Lengths of its axes, as the model uses it: output first for a linear layer."""

    stored: str
    """How its numbers are stored, for people: `BF16`, `GPTQ 4 bits`, `Q4_K`."""

    stored_bytes: int
    """Bytes on disk, with scales and zero points."""

    decode: Decode
    """Reads rows."""

    @property
    def rows(self) -> int:
        """Length of the first axis; 1 for a single number."""
        return self.shape[0] if self.shape else 1

    def read(self, start: int, stop: int) -> Floats32:
        """Return rows from `start` to before `stop`, shape (rows, *rest).

        Raises:
            ValueError: If there are no such rows.
            InputError: If one row has more numbers than is reasonable, or the file ends before.
        """
        if not 0 <= start <= stop <= self.rows:
            message = f"rows {start} to {stop} of {self.rows} were asked for"
            raise ValueError(message)
        if math.prod(self.shape[1:]) > _MOST_ROW_NUMBERS:
            message = f"a row of {self.name} has {math.prod(self.shape[1:]):,} numbers"
            raise InputError(message, next_step=f"At most {_MOST_ROW_NUMBERS:,} can be read.")
        return self.decode(start, stop)

    def blocks(self, numbers: int = BLOCK_NUMBERS) -> Iterator[tuple[int, Floats32]]:
        """Yield all rows, in order: the first row's place, and a block of at least one row."""
        step = max(1, numbers // max(1, math.prod(self.shape[1:])))
        for start in range(0, self.rows, step):
            yield start, self.read(start, min(start + step, self.rows))

    def whole(self) -> Floats32:
        """Return all of it, in its shape."""
        return self.read(0, self.rows).reshape(self.shape)

    def picked(self, places: npt.NDArray[np.int64]) -> Floats32:
        """Return rows at rising places, shape (places, *rest); neighbours are read together."""
        if not places.size:
            return np.empty((0, *self.shape[1:]), dtype=np.float32)
        cuts = np.flatnonzero(np.diff(places) != 1) + 1
        runs = np.split(places, cuts)
        return np.concatenate([self.read(int(run[0]), int(run[-1]) + 1) for run in runs])


def plain_tensor(name: str, place: Stored) -> Tensor:
    """Return a tensor whose numbers lie one after the other in a file.

    Raises:
        InputError: When it is read, if its kind of numbers cannot be.
    """
    row = math.prod(place.shape[1:])
    rest = place.shape[1:]

    def decode(start: int, stop: int) -> Floats32:
        if not readable(place.stored):
            message = f"{name} in {place.path} has numbers of kind {place.stored}"
            raise InputError(message, next_step="Convert the model to BF16 first.")
        size = row * BITS[place.stored] // 8
        data = read_piece(place.path, place.start + start * size, (stop - start) * size)
        return to_float32(data, place.stored).reshape(stop - start, *rest)

    return Tensor(name, place.shape, place.stored, place.size, decode)
