"""Writing a segment from sorted pieces, in bounded memory.

Phrases are spread evenly over their numbers, so pieces are merged range by range: what each of them
holds of a range is read, sorted together and written. Nothing needs to fit into memory but a range.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numba
import numpy as np
import numpy.typing as npt

from phalanx.authorship.served.phrases import NUMBER_BITS
from phalanx.authorship.served.segment import (
    COMMON,
    FEWEST_BUCKET_BITS,
    MOST_LISTED,
    ROW_BITS,
    Segment,
    bucket_bits_for,
    split_bits,
)

RANGE_ENTRIES = 1 << 22
"""Entries that are sorted at once, about."""

_RANGES = 1 << FEWEST_BUCKET_BITS
_RANGE_BITS = np.uint64(NUMBER_BITS - FEWEST_BUCKET_BITS)

Numbers = npt.NDArray[np.uint64]
Told = Callable[[str, float], None]


class Piece(Protocol):
    """Phrases with their rows, in order of the phrases."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def within(self, first: int, last: int) -> tuple[Numbers, Numbers]:
        """Return the phrases, and their rows, of ranges from `first` up to before `last`."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """What was sorted in memory and put aside."""

    numbers: Numbers
    rows: npt.NDArray[np.uint32]

    @property
    def size(self) -> int:
        """How many phrases there are."""
        return int(self.numbers.size)

    def within(self, first: int, last: int) -> tuple[Numbers, Numbers]:
        """Return the phrases, and their rows, of ranges from `first` up to before `last`."""
        bounds = np.array([first, last], dtype=np.uint64) << _RANGE_BITS
        low, high = np.searchsorted(self.numbers, bounds)
        return np.asarray(self.numbers[low:high]), self.rows[low:high].astype(np.uint64)


@dataclass(frozen=True, slots=True)
class Shifted:
    """An older segment, whose rows come after others."""

    segment: Segment
    shift: int

    @property
    def size(self) -> int:
        """How many phrases there are."""
        return int(self.segment.entries.size)

    def within(self, first: int, last: int) -> tuple[Numbers, Numbers]:
        """Return the phrases, and their rows, of ranges from `first` up to before `last`."""
        segment = self.segment
        more = segment.bucket_bits - FEWEST_BUCKET_BITS
        begin, end = first << more, last << more
        starts = np.asarray(segment.starts[begin : end + 1]).astype(np.int64)
        entries = np.asarray(segment.entries[starts[0] : starts[-1]])
        buckets = np.repeat(np.arange(begin, end, dtype=np.uint64), np.diff(starts))
        rest, _ = split_bits(segment.bucket_bits)
        rows = entries & COMMON
        moved = np.where(rows == COMMON, COMMON, rows + np.uint64(self.shift))
        return (buckets << rest) | (entries >> ROW_BITS), moved


def write_run(numbers: Numbers, rows: npt.NDArray[np.uint32], folder: Path, name: str) -> Run:
    """Sort phrases and put them aside."""
    order = np.argsort(numbers, kind="stable")
    for array, part in ((numbers, "numbers"), (rows, "rows")):
        np.save(folder / f"{name}.{part}.npy", array[order], allow_pickle=False)
    return Run(*(np.load(folder / f"{name}.{part}.npy", "r") for part in ("numbers", "rows")))


def write_segment(
    folder: Path,
    pieces: Sequence[Piece],
    told_of_rows: dict[str, npt.NDArray[Any]],
    names: Sequence[str],
    told: Told,
) -> None:
    """Write a segment.

    Parameters:
        folder: That is empty.
        pieces: Of the segment, whose rows are numbered through, in their order.
        told_of_rows: What is told of each row, as a segment calls it.
        names: Of accounts.
        told: Hears of the stage and the share that is done.
    """
    whole = sum(piece.size for piece in pieces)
    bits = bucket_bits_for(whole)
    rest, mask = split_bits(bits)
    starts = np.zeros((1 << bits) + 1, dtype=np.uint64)
    ranges = max(1, min(_RANGES, int(_RANGES * RANGE_ENTRIES / max(whole, 1))))
    written = 0
    with (folder / "entries.raw").open("wb") as file:
        for first in range(0, _RANGES, ranges):
            last = min(first + ranges, _RANGES)
            found = [piece.within(first, last) for piece in pieces]
            numbers = np.concatenate([each for each, _ in found])
            rows = np.concatenate([each for _, each in found])
            # Pieces come in order of their rows, which a stable sort keeps.
            order = np.argsort(numbers, kind="stable")
            numbers, rows = _listed(numbers[order], rows[order])
            buckets = (numbers >> rest).astype(np.int64)
            low = first << (bits - FEWEST_BUCKET_BITS)
            high = last << (bits - FEWEST_BUCKET_BITS)
            counts = np.bincount(buckets - low, minlength=high - low)
            starts[low + 1 : high + 1] = written + np.cumsum(counts)
            file.write((((numbers & mask) << ROW_BITS) | rows).tobytes())
            written += numbers.size
            told("merging", last / _RANGES)
    _as_array(folder / "entries.raw", folder / "entries.npy", written)
    for name, array in {"starts": starts, **told_of_rows}.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    (folder / "names.json").write_text(json.dumps(list(names)), encoding="utf-8")
    _flush(folder)


@numba.njit(cache=True, nogil=True)
def _listed(numbers: Numbers, rows: Numbers) -> tuple[Numbers, Numbers]:
    """Put one mark in place of the rows of phrases that stand in too many."""
    filled, begin = 0, 0
    while begin < numbers.size:
        end, is_common = begin, False
        while end < numbers.size and numbers[end] == numbers[begin]:
            is_common |= rows[end] == COMMON
            end += 1
        if end - begin > MOST_LISTED or is_common:
            numbers[filled], rows[filled] = numbers[begin], COMMON
            filled += 1
        else:
            for at in range(begin, end):
                numbers[filled], rows[filled] = numbers[at], rows[at]
                filled += 1
        begin = end
    return numbers[:filled], rows[:filled]


def _as_array(raw: Path, path: Path, size: int) -> None:
    """Put the heading of an array before numbers that were written as they came."""
    with path.open("wb") as file:
        about = {"descr": "<u8", "fortran_order": False, "shape": (size,)}
        np.lib.format.write_array_header_1_0(file, about)
        with raw.open("rb") as source:
            while piece := source.read(1 << 24):
                file.write(piece)
    raw.unlink()


def _flush(folder: Path) -> None:
    """See to it that all of it is on the disk before anybody is told of it."""
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
