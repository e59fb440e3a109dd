"""What runs in the workers of a cluster: conform and reduce, batch by batch.

A worker returns two kinds of rows in one stream, because it has only one: exchanges, and
what the driver must know besides (`ASIDE`). Nothing is shared between workers but this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.logs.chunk import NativeChunk
from phalanx.logs.conform import Conformer
from phalanx.logs.duplicates import NoneSeen, exchange_hashes
from phalanx.logs.engine.protocol import Kernel, Sighting
from phalanx.logs.options import ReadOptions
from phalanx.logs.quality import Quality
from phalanx.logs.siphash import Key, table_key

FILE_COLUMN, ROW_COLUMN = "_phalanx_file", "_phalanx_row"
"""Hash of the file's path, and row in it from 0."""

ROW_BITS = 36
"""A position is the number of the file, shifted by these bits, plus the row from 1."""

ASIDE = pa.schema(
    [
        ("position", pa.int64()),  # of an exchange, or of the row that this is about; else null
        ("exchange", pa.int64()),  # hash of account and identifier; 0 where it has none
        ("aside", pa.string()),  # null for an exchange, else SIGHTING, REJECT, NOTE or COLUMN
        ("label", pa.string()),  # what the text is, the reason, the note or the column
        ("number", pa.int64()),  # the hash, or the count of notes
        ("text", pa.string()),
    ]
)
"""Columns beside those of the kernel."""

SIGHTING, REJECT, NOTE, COLUMN = "sighting", "reject", "note", "column"

Positions = npt.NDArray[np.int64]


class _Rejected:
    """List of rejects that holds positions."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str]] = []

    def add(self, _file: str, _unit: str, positions: Iterable[int], reason: str) -> None:
        self.rows += [(position, reason) for position in positions]

    def finish(self) -> None:
        """Need nothing: the rows were handed on with their batch."""

    def abandon(self) -> None:
        """Need nothing: what failed is run again elsewhere."""


@dataclass(frozen=True, slots=True)
class WorkerTask:
    """The function for `mapInArrow`. It travels pickled, key included, and in no other way."""

    options: ReadOptions
    """`now` is set: workers' clocks differ."""

    kernel: Kernel = field(repr=False)
    files: Positions = field(repr=False)
    """Hash of each file's path, ascending; empty where the source tells no rows apart."""

    numbers: Positions = field(repr=False)
    """Number of each file, in the order of `files`."""

    table_key: Key = field(default_factory=table_key, repr=False)
    """Key of the hashes of identifiers: the driver's, so that all workers share it."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Reduce one partition."""
        quality, rejected = Quality(), _Rejected()
        quality.list_rejects_in(rejected)
        conformer = Conformer(self.options, quality, NoneSeen())
        known: dict[str, set[int]] = {}
        done = 0
        for batch in batches:
            positions = self._positions(batch, done)
            done += batch.num_rows
            names = [name for name in batch.schema.names if name not in (FILE_COLUMN, ROW_COLUMN)]
            chunk = NativeChunk(
                rows=batch.num_rows,
                positions=positions,
                columns={name: batch.column(name) for name in names},
            )
            parts = list(conformer.conform(chunk, ""))
            if rejected.rows:
                out = np.array([position for position, _ in rejected.rows], np.int64)
                positions = positions[~np.isin(positions, out)]
                reasons = [reason for _, reason in rejected.rows]
                yield self._beside(REJECT, reasons, positions=out)
                rejected.rows.clear()
            start = 0
            for part in parts:
                yield from self._reduced(part, positions[start : start + part.num_rows], known)
                start += part.num_rows
        if quality.notes:
            counts = np.array(list(quality.notes.values()), np.int64)
            yield self._beside(NOTE, list(quality.notes), numbers=counts)
        carried = [*sorted(conformer.columns), *(["prompt"] if conformer.has_prompts else [])]
        if carried:
            yield self._beside(COLUMN, carried)

    def _positions(self, batch: pa.RecordBatch, done: int) -> Positions:
        if not self.files.size:
            # This source has no files and rows: only their being different counts.
            return _partition() << ROW_BITS | np.arange(done + 1, done + 1 + batch.num_rows)
        places = np.searchsorted(self.files, batch.column(FILE_COLUMN).to_numpy())
        rows = batch.column(ROW_COLUMN).to_numpy() + 1
        return np.asarray(self.numbers[places] << ROW_BITS | rows)

    def _reduced(
        self, batch: pa.RecordBatch, positions: Positions, known: dict[str, set[int]]
    ) -> Iterator[pa.RecordBatch]:
        reduced = self.kernel(batch)
        exchange = exchange_hashes(
            batch.column("account_id"), batch.column("exchange_id"), self.table_key
        )
        yield self._row_batch(
            reduced.rows.columns, {"position": positions, "exchange": exchange}, batch.num_rows
        )
        told = [_new(each, known.setdefault(each.what, set())) for each in reduced.sightings]
        told = [each for each in told if len(each.hashes)]
        if told:
            at = [
                pa.nulls(len(each.hashes), pa.int64())
                if each.rows is None
                else pa.array(positions[each.rows])
                for each in told
            ]
            yield self._beside(
                SIGHTING,
                [each.what for each in told for _ in range(len(each.hashes))],
                positions=pa.concat_arrays(at),
                numbers=np.concatenate([each.hashes for each in told]),
                texts=pa.concat_arrays([each.texts for each in told]),
            )

    def _beside(
        self,
        aside: str,
        labels: list[str],
        *,
        positions: Positions | pa.Array | None = None,
        numbers: Positions | None = None,
        texts: pa.Array | None = None,
    ) -> pa.RecordBatch:
        rows = len(labels)
        columns: dict[str, object] = {"aside": [aside] * rows, "label": labels}
        columns |= {} if positions is None else {"position": positions}
        columns |= {} if numbers is None else {"number": numbers}
        columns |= {} if texts is None else {"text": texts}
        nulls = [pa.nulls(rows, each.type) for each in self.kernel.schema]
        return self._row_batch(nulls, columns, rows)

    def _row_batch(
        self, columns: list[pa.Array], aside: dict[str, object], rows: int
    ) -> pa.RecordBatch:
        beside = [
            pa.array(aside[each.name], each.type)
            if each.name in aside
            else pa.nulls(rows, each.type)
            for each in ASIDE
        ]
        return pa.RecordBatch.from_arrays([*columns, *beside], schema=worker_schema(self.kernel))


def worker_schema(kernel: Kernel) -> pa.Schema:
    """Return the columns that a worker's stream has."""
    return pa.schema([*kernel.schema, *ASIDE])


def _new(sighting: Sighting, met: set[int]) -> Sighting:
    """Leave out texts of this partition that were handed on before."""
    if sighting.rows is not None:
        return sighting
    new = [index for index, code in enumerate(sighting.hashes.tolist()) if code not in met]
    met.update(sighting.hashes[new].tolist())
    texts = sighting.texts.take(pa.array(new, pa.int64()))
    return Sighting(sighting.what, sighting.hashes[new], texts)


def _partition() -> int:
    from pyspark import TaskContext  # noqa: PLC0415 - a worker has it

    context = TaskContext.get()
    return 0 if context is None else int(context.partitionId())
