"""Writing a file of weights again, with the numbers of some tensors changed and nothing else."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from phalanx.errors import InputError
from phalanx.provenance.weights.header import Stored
from phalanx.provenance.weights.numbers import Bytes, Floats32, from_float32, to_float32
from phalanx.provenance.weights.pieces import file_size, read_piece
from phalanx.provenance.weights.tensor import plain_tensor

WRITTEN = frozenset({"BF16", "F16", "F32"})
"""Kinds of numbers that can be changed."""

Change = Callable[[str, int, Floats32], Floats32]
"""Gives other numbers for some rows: of a tensor's name, the number of the first weight, and
them."""

_PIECE = 1 << 25


def rewrite_shard(
    source: Path,
    target: Path,
    parts: Mapping[str, Stored],
    change: Change,
    changed: frozenset[str],
) -> Iterator[int]:
    """Write a safetensors file whose header and size are those of another.

    A block of rows is in memory at a time, 32 MB as float32 or one row.

    Parameters:
        source: The other file.
        target: Where none is; it is on the disk in the end.
        parts: All tensors of the source, as its header says.
        change: Gives new numbers; they are rounded to the kind of the old.
        changed: Names of the tensors that it is asked for, of kinds in `WRITTEN`.

    Yields:
        How many bytes were written since the last time; it must be followed to its end.

    Raises:
        InputError: If the source ends before its time, or a new number does not fit into the kind.
        OSError: If nothing can be written.
    """
    whole = file_size(source)
    start = min((each.start for each in parts.values()), default=whole)
    with target.open("xb") as file:
        for data in _pieces(source, start, parts, change, changed):
            file.write(data.data)
            yield data.size
        file.flush()
        os.fsync(file.fileno())


def _pieces(
    source: Path, start: int, parts: Mapping[str, Stored], change: Change, changed: frozenset[str]
) -> Iterator[Bytes]:
    yield from _copied(source, 0, start)
    for name, place in sorted(parts.items(), key=lambda item: item[1].start):
        if name not in changed:
            yield from _copied(source, place.start, place.size)
            continue
        row = math.prod(place.shape[1:])
        for first, block in plain_tensor(name, place).blocks():
            data = from_float32(change(name, first * row, block), place.stored)
            if not np.isfinite(to_float32(data, place.stored)).all():
                message = f"{name} in {source} has numbers too large to be changed"
                raise InputError(message, next_step="Convert the model to BF16 first.")
            yield data


def _copied(source: Path, start: int, size: int) -> Iterator[Bytes]:
    for at in range(0, size, _PIECE):
        yield read_piece(source, start + at, min(_PIECE, size - at))
