"""One tensor, of which a piece at a time is in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

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
_CLOSE_ROWS = 2
"""Every second row is read with the one between, as where gates and up-rows alternate."""


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

    cut: Callable[[int], Tensor] | None = None
    """Gives what stands at a place of the first axis, read by itself; null where only whole."""

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

    def slab(self, place: int, name: str) -> Tensor:
        """Return what stands at a place of the first of three axes, as a matrix with a name.

        Raises:
            ValueError: If there is no such place, or the axes are not three.

        Examples:
            >>> three = Tensor("w", (2, 1, 3), "F32", 24, lambda a, b: np.ones((b - a, 1, 3), "f4"))
            >>> three.slab(1, "w.1").whole().tolist()
            [[1.0, 1.0, 1.0]]
        """
        if len(self.shape) != 3 or not 0 <= place < self.shape[0]:
            message = f"place {place} of {self.name}, whose shape is {self.shape}"
            raise ValueError(message)
        if self.cut is not None:
            return replace(self.cut(place), name=name)

        def decode(start: int, stop: int) -> Floats32:
            return self.read(place, place + 1)[0, start:stop]

        size = self.stored_bytes // self.shape[0]
        return Tensor(name, self.shape[1:], self.stored, size, decode)

    def picked(self, places: npt.NDArray[np.int64]) -> Floats32:
        """Return rows at rising places, shape (places, *rest); close ones are read together."""
        if not places.size:
            return np.empty((0, *self.shape[1:]), dtype=np.float32)
        cuts = np.flatnonzero(np.diff(places) > _CLOSE_ROWS) + 1
        runs = np.split(places, cuts)
        return np.concatenate(
            [self.read(int(run[0]), int(run[-1]) + 1)[run - run[0]] for run in runs]
        )


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

    def cut(at: int) -> Tensor:
        return plain_tensor(name, slab_of(place, at))

    return Tensor(name, place.shape, place.stored, place.size, decode, cut)


def slab_of(place: Stored, at: int) -> Stored:
    """Return where the part lies that stands at a place of the first axis.

    Examples:
        >>> from pathlib import Path
        >>> whole = Stored(path=Path("w"), stored="F32", shape=(2, 3, 4), start=8, size=96)
        >>> slab_of(whole, 1).start, slab_of(whole, 1).shape
        (56, (3, 4))
    """
    size = place.size // place.shape[0]
    return replace(place, shape=place.shape[1:], start=place.start + at * size, size=size)
