"""Appending responses to an index, as they stream by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.authorship.served.index import Listed, appending, take_in
from phalanx.authorship.served.merging import Piece, Run, Shifted, write_run, write_segment
from phalanx.authorship.served.phrases import index_key, kept, phrases_of
from phalanx.authorship.served.segment import MOST_ROWS, open_segment
from phalanx.errors import InputError
from phalanx.scratch import scratch_folder

RUN_PHRASES = 1 << 24
"""Phrases that are held in memory before they are sorted and put aside: 200 MB."""

_GROWTH = 4
"""A segment is at least so many times as large as the one after it."""

Progress = Callable[[str, float], None]


@dataclass(slots=True)
class _Held:
    """What was not put aside yet."""

    numbers: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    rows: list[npt.NDArray[np.uint32]] = field(default_factory=list)
    size: int = 0


class IndexWriter:
    """Takes responses and appends them to an index in the end, all or none.

    Used with `with`; what was added counts when `finish` returns.

    Parameters:
        folder: Of the index; made if it is missing.
        secret: Of the house, 32 bytes.
        key_id: Name of the secret, which tells nothing of it.
    """

    def __init__(self, folder: Path, secret: bytes, key_id: str) -> None:
        """Do nothing yet."""
        self._folder, self._key, self._key_id = folder, index_key(secret), key_id
        self._stack = ExitStack()
        self._held = _Held()
        self._runs: list[Run] = []
        self._told: dict[str, list[npt.NDArray[np.generic]]] = {
            name: [] for name in ("accounts", "times", "sizes", "levels")
        }
        self._names: dict[str, int] = {}
        self._rows = 0
        self.documents = 0
        self.too_short = 0

    def __enter__(self) -> Self:
        """Hold the index."""
        self._listed = self._stack.enter_context(appending(self._folder, self._key_id))
        self._scratch = self._stack.enter_context(scratch_folder(self._folder))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the index, and remove what was put aside."""
        self._stack.close()

    @property
    def listed(self) -> Listed:
        """What counted when the index was taken hold of."""
        return self._listed

    def add(self, responses: pa.Array, accounts: pa.Array, times: npt.NDArray[np.int64]) -> None:
        """Add responses; those of fewer than three words that say something are left out.

        Parameters:
            responses: String array in one chunk; a null was not logged.
            accounts: To whom each was served.
            times: When, microseconds since 1970 in UTC.

        Raises:
            InputError: If there are more parts than a segment holds.
        """
        phrases = phrases_of(responses, self._key, overlapping=False)
        of_parts = kept(phrases)
        parts = of_parts.counts.size
        if self._rows + parts > MOST_ROWS:
            message = f"more than {MOST_ROWS:,} parts of responses"
            raise InputError(message, next_step="Append the logs one after the other.")
        rows = np.arange(self._rows, self._rows + parts, dtype=np.uint32)
        self._held.numbers.append(of_parts.numbers)
        self._held.rows.append(np.repeat(rows, of_parts.counts))
        self._held.size += of_parts.numbers.size
        named = [self._names.setdefault(each, len(self._names)) for each in accounts.to_pylist()]
        of_text = np.array(named, dtype=np.int32)
        for name, array in (
            ("accounts", of_text[phrases.texts]),
            ("times", times[phrases.texts]),
            ("sizes", of_parts.sizes),
            ("levels", of_parts.levels),
        ):
            self._told[name].append(array)
        self._rows += parts
        added = int(np.unique(phrases.texts).size)
        self.documents += added
        self.too_short += len(responses) - responses.null_count - added
        if self._held.size >= RUN_PHRASES:
            self._put_aside()

    def finish(self, inputs: Iterable[str], progress: Progress) -> Listed:
        """Make all that was added count.

        Parameters:
            inputs: SHA-256 of the logs.
            progress: Told the stage and the share that is done.

        Raises:
            InputError: If nothing was added, or it cannot be written.
        """
        if not self._rows:
            message = "no response has text to index"
            raise InputError(
                message, next_step="Name logs with responses; --map response=FIELD names theirs."
            )
        self._put_aside()
        merged = self._merged_with()
        pieces: list[Piece] = list(self._runs)
        told = {name: list(arrays) for name, arrays in self._told.items()}
        rows = self._rows
        for name in merged:
            segment = open_segment(self._folder / name)
            pieces.append(Shifted(segment, rows))
            places = np.array(
                [self._names.setdefault(each, len(self._names)) for each in segment.names] + [-1],
                dtype=np.int32,
            )
            inside = (segment.accounts >= 0) & (segment.accounts < len(segment.names))
            told["accounts"].append(places[np.where(inside, segment.accounts, -1)])
            told["times"].append(np.asarray(segment.times))
            told["sizes"].append(np.asarray(segment.sizes))
            told["levels"].append(np.asarray(segment.levels))
            rows += segment.rows
        made = self._scratch / "segment"
        made.mkdir(mode=0o700)
        whole = {name: np.concatenate(arrays) for name, arrays in told.items()}
        write_segment(made, pieces, whole, list(self._names), progress)
        self._runs.clear()
        more = Listed(
            key_id=self._key_id,
            documents=self.documents,
            too_short=self.too_short,
            inputs=tuple(sorted(inputs)),
        )
        return take_in(self._folder, self._listed, made, len(merged), more)

    def _put_aside(self) -> None:
        if self._held.size:
            numbers, rows = np.concatenate(self._held.numbers), np.concatenate(self._held.rows)
            self._held = _Held()
            self._runs.append(write_run(numbers, rows, self._scratch, f"run-{len(self._runs)}"))

    def _merged_with(self) -> tuple[str, ...]:
        """Return the last segments that are not much larger than what comes after them."""
        rows, names = self._rows, self._listed.segments
        at = len(names)
        while at:
            before = open_segment(self._folder / names[at - 1]).rows
            if before >= _GROWTH * rows or rows + before > MOST_ROWS:
                break
            rows += before
            at -= 1
        return names[at:]
