"""The templates that other members share, for lookups while the list changes.

Readers take a snapshot and keep it as long as they like: nothing in it is ever changed. A delta
makes a small segment of what is new, marks what is gone in a copy of the marks, and puts a new
snapshot in place in one assignment. Small segments are put together as they grow in number, each
row so often as the logarithm of their number says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.sketches.templates.rows import TemplateRows, joined_rows, row_hashes, uuids_of
from phalanx.sketches.templates.segment import MOST_ROWS, Segment, segment_of

_GROWTH = 4
"""A segment is at least so many times as large as the one after it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an index held at one moment; never changes."""

    segments: tuple[Segment, ...] = ()
    """Of each epoch, the largest first."""

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs of which there are sketches, ascending."""
        return tuple(sorted({segment.rows.epoch for segment in self.segments}))

    def __len__(self) -> int:
        """Return the number of sketches that were not removed."""
        return sum(int(segment.alive.sum()) for segment in self.segments)

    @property
    def size_bytes(self) -> int:
        """Memory that the arrays take."""
        return sum(segment.size_bytes for segment in self.segments)


class TemplateIndex:
    """Holds template sketches; one writer at a time, any number of readers."""

    def __init__(self, rows: Iterable[TemplateRows] = ()) -> None:
        """Make an index of a list, see `list_file.read_listed_templates`."""
        self._lock = Lock()
        self._snapshot = Snapshot()
        self.apply(rows)

    @property
    def snapshot(self) -> Snapshot:
        """What is held now."""
        return self._snapshot

    def apply(self, added: Iterable[TemplateRows] = (), removed: Sequence[str] = ()) -> None:
        """Take in a delta; readers go on with what they have.

        An indicator that is added takes the place of what was held under its name, so that a
        delta may come twice. Removals come first: an indicator in both is held afterwards.

        Parameters:
            added: Rows; for each indicator all that it has now.
            removed: Identifiers of indicators.

        Raises:
            ValueError: If one of them is none.
        """
        parts = list(added)
        uuids = np.concatenate(
            [uuids_of(pa.array(removed, pa.string())), *(part.indicator for part in parts)]
        )
        with self._lock:
            kept = [segment.without(uuids) for segment in self._snapshot.segments]
            self._snapshot = _snapshot_of(kept, parts)

    def replace(self, rows: Iterable[TemplateRows]) -> tuple[int, int]:
        """Bring the index in line with a whole list, moving no more than differs.

        Parameters:
            rows: The list, as `list_file.read_listed_templates` returns it.

        Returns:
            How many rows came, and how many went.
        """
        parts = list(rows)
        wanted = [row_hashes(part) for part in parts]
        with self._lock:
            held = [row_hashes(segment.rows, segment.alive) for segment in self._snapshot.segments]
            listed, known = _together(wanted), _together(held)
            kept = [
                segment.only(np.isin(hashes, listed))
                for segment, hashes in zip(self._snapshot.segments, held, strict=True)
            ]
            new = [
                part.take(~np.isin(hashes, known))
                for part, hashes in zip(parts, wanted, strict=True)
            ]
            went = len(self._snapshot) - sum(int(segment.alive.sum()) for segment in kept)
            self._snapshot = _snapshot_of(kept, new)
        return sum(map(len, new)), went


def _together(parts: Sequence[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    return np.concatenate([*parts, np.empty(0, dtype=np.uint64)])


def _snapshot_of(kept: Sequence[Segment], added: Sequence[TemplateRows]) -> Snapshot:
    """Put new segments beside old ones, and too small ones together."""
    segments = [each for each in kept if each.alive.any()]
    segments += [
        segment_of(part.between(begin, begin + MOST_ROWS))
        for part in added
        for begin in range(0, len(part), MOST_ROWS)
    ]
    result: list[Segment] = []
    for epoch in sorted({segment.rows.epoch for segment in segments}):
        mine = sorted((each for each in segments if each.rows.epoch == epoch), key=_descending)
        while len(mine) > 1 and _are_alike_in_size(mine[-2], mine[-1]):
            last, before = mine.pop(), mine.pop()
            left = [each.rows.take(each.alive) for each in (before, last)]
            mine = sorted([*mine, segment_of(joined_rows(left))], key=_descending)
        result += mine
    return Snapshot(tuple(result))


def _descending(segment: Segment) -> int:
    return -len(segment.rows)


def _are_alike_in_size(larger: Segment, smaller: Segment) -> bool:
    together = len(larger.rows) + len(smaller.rows)
    return together <= MOST_ROWS and len(larger.rows) < _GROWTH * len(smaller.rows)
