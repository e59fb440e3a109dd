"""Bring native columns of any type into the shape of `EXCHANGE_SCHEMA`.

Required cells that cannot be read reject their row; optional ones become null and are
noted. Identifiers leave as pseudonyms when there is a key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.logs.cast import Mask, to_booleans, to_filled_text, to_floats, to_integers, to_text
from phalanx.logs.chunk import NativeChunk
from phalanx.logs.duplicates import REPEATED, SeenBefore, SeenIdentifiers
from phalanx.logs.identifiers import Identifiers
from phalanx.logs.lengths import as_response_text, cut, response_characters
from phalanx.logs.options import ReadOptions
from phalanx.logs.prompts import Prompts, split_prompts
from phalanx.logs.quality import Quality
from phalanx.logs.schema import (
    EXCHANGE_SCHEMA,
    EXCHANGE_SCHEMA_WITH_RESPONSES,
    OPTIONAL_COLUMNS,
)
from phalanx.logs.timestamps import MICROSECONDS, to_times

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No model was served before: an earlier time is a wrong unit or a missing value."""

_EPOCH = datetime.fromtimestamp(0, UTC)

BATCH_BYTES = 64 << 20
"""Bytes beyond which a batch is handed on in halves."""


class Conformer:
    """Turns chunks into batches; remembers what must be remembered between them.

    Parameters:
        options: How to read.
        quality: Takes rejects and notes.
        seen: Knows which identifiers were seen before; null starts with none.
    """

    def __init__(
        self, options: ReadOptions, quality: Quality, seen: SeenBefore | None = None
    ) -> None:
        """Start without having seen any exchange."""
        self.columns: set[str] = set()
        self.has_prompts = False
        self._options = options
        self._quality = quality
        self._schema = EXCHANGE_SCHEMA_WITH_RESPONSES if options.responses else EXCHANGE_SCHEMA
        self._identifiers = Identifiers(options.pseudonym_key, quality)
        self._seen = SeenIdentifiers() if seen is None else seen
        latest = (options.now or datetime.now(UTC)) + timedelta(days=1)
        self._latest = _scalar(latest)
        self._earliest = _scalar(EARLIEST)

    def conform(self, chunk: NativeChunk, file: str) -> Iterator[pa.RecordBatch]:
        """Yield the usable rows of a chunk, in order, in batches of bounded size.

        Parameters:
            chunk: Rows as the reader found them.
            file: Path as given, or `frame`.
        """
        columns, unusable = self._required(chunk)
        columns |= self._optional(chunk)
        arrays = [
            columns[field.name] if field.name in columns else pa.nulls(chunk.rows, field.type)
            for field in self._schema
        ]
        nullable = pa.schema([field.with_nullable(nullable=True) for field in self._schema])
        batch = pa.RecordBatch.from_arrays(arrays, schema=nullable)
        keep = np.full(chunk.rows, fill_value=True)
        for mask, reason in unusable:
            newly = keep & mask
            if newly.any():
                self._reject(file, chunk, np.flatnonzero(newly), reason)
                keep &= ~newly
        if not keep.all():
            batch = batch.filter(pa.array(keep))
        repeated = self._seen.duplicates(batch.column("account_id"), batch.column("exchange_id"))
        if repeated.any():
            rows = np.flatnonzero(keep)[repeated]
            self._reject(file, chunk, rows, REPEATED)
            batch = batch.filter(pa.array(~repeated))
        self._remember_columns(batch)
        yield from self._finished(batch)

    def _reject(
        self, file: str, chunk: NativeChunk, rows: npt.NDArray[np.intp], reason: str
    ) -> None:
        positions = [int(chunk.positions[row]) for row in rows]
        self._quality.reject(file, chunk.unit, positions, reason)

    def _finished(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        columns = {name: batch.column(name) for name in batch.schema.names}
        columns |= self._identifiers.finished(columns)
        batch = pa.RecordBatch.from_arrays(
            [columns[name] for name in self._schema.names], schema=self._schema
        )
        for start in range(0, batch.num_rows, self._options.batch_rows):
            yield from bounded(batch.slice(start, self._options.batch_rows), BATCH_BYTES)

    def _required(self, chunk: NativeChunk) -> tuple[dict[str, pa.Array], list[tuple[Mask, str]]]:
        """Read what a row cannot do without; return masks of the rows that lack it."""
        unusable: list[tuple[Mask, str]] = []
        columns: dict[str, pa.Array] = {}
        times = to_times(_column(chunk, "timestamp"))
        self._quality.note("timestamp without zone, taken as UTC", times.without_zone)
        columns["timestamp"] = times.values
        _add_nulls(unusable, times.values, "timestamp missing or unreadable")
        self._add_implausible(unusable, times.values)
        for name in ("account_id", "model"):
            cast = to_filled_text(_column(chunk, name))
            self._note_mended(name, cast.mended)
            _add_nulls(unusable, cast.values, f"{name} missing or not text")
            columns[name] = cast.values
        prompts = self._prompts(chunk)
        _add_nulls(unusable, prompts.prompt, "prompt missing, or neither text nor messages")
        columns["prompt"] = self._cut("prompt", prompts.prompt)
        columns["history_turns"] = prompts.history_turns
        if prompts.system_prompt is not None:
            columns["system_prompt"] = self._cut("system_prompt", prompts.system_prompt)
        if prompts.history is not None:
            columns["history"] = self._cut("history", prompts.history)
        return columns, unusable

    def _prompts(self, chunk: NativeChunk) -> Prompts:
        if "history_turns" in chunk.columns:
            history, turns = chunk.columns["history"], chunk.columns["history_turns"]
            prompt = to_text(_column(chunk, "prompt"))
            prompts = Prompts(prompt.values, None, history, turns, prompt.mended)
        else:
            prompts = split_prompts(_column(chunk, "prompt"))
        self._note_mended("prompt", prompts.mended)
        if "system_prompt" not in chunk.columns:
            return prompts
        declared = to_text(chunk.columns["system_prompt"])
        self._note_mended("system_prompt", declared.mended)
        self._note_unreadable("system_prompt", declared.unreadable)
        system = declared.values
        if prompts.system_prompt is not None:
            system = pc.coalesce(system, prompts.system_prompt)
        return replace(prompts, system_prompt=system)

    def _optional(self, chunk: NativeChunk) -> dict[str, pa.Array]:
        columns: dict[str, pa.Array] = {}
        for name in chunk.columns:
            kind = EXCHANGE_SCHEMA.field(name).type if name in EXCHANGE_SCHEMA.names else None
            if name not in OPTIONAL_COLUMNS or name == "system_prompt" or kind is None:
                continue
            columns[name] = self._optional_column(name, chunk.columns[name], kind)
        columns["response_characters"] = response_characters(chunk.columns, chunk.rows)
        if self._options.responses and "response" in chunk.columns:
            columns["response"] = self._responses(chunk.columns["response"])
        return columns

    def _responses(self, array: pa.Array) -> pa.Array:
        cast = to_text(as_response_text(array))
        self._note_mended("response", cast.mended)
        self._note_unreadable("response", cast.unreadable)
        return self._cut("response", cast.values)

    def _optional_column(self, name: str, array: pa.Array, kind: pa.DataType) -> pa.Array:
        if pa.types.is_timestamp(kind):
            times = to_times(array)
            self._note_unreadable(name, times.unreadable)
            early = pc.less(times.values, self._earliest)
            late = pc.greater(times.values, self._latest)
            odd = pc.or_(early, late)
            self._quality.note(f"{name}: implausible, left empty", pc.sum(odd).as_py() or 0)
            return pc.if_else(odd, pa.scalar(None, MICROSECONDS), times.values)
        if pa.types.is_integer(kind):
            cast = to_integers(array, kind)
        elif pa.types.is_floating(kind):
            cast = to_floats(array)
        elif pa.types.is_boolean(kind):
            cast = to_booleans(array)
        else:
            cast = to_filled_text(array)
            self._note_mended(name, cast.mended)
        self._note_unreadable(name, cast.unreadable)
        return cast.values

    def _add_implausible(self, unusable: list[tuple[Mask, str]], times: pa.Array) -> None:
        bounds = pc.min_max(times)
        if bounds["min"].is_valid and pc.less(bounds["min"], self._earliest).as_py():
            early = pc.less(times, self._earliest).fill_null(fill_value=False)
            unusable.append((_numpy(early), "timestamp before the year 2000"))
        if bounds["max"].is_valid and pc.greater(bounds["max"], self._latest).as_py():
            late = pc.greater(times, self._latest).fill_null(fill_value=False)
            unusable.append((_numpy(late), "timestamp in the future"))

    def _cut(self, name: str, text: pa.Array) -> pa.Array:
        text, truncated = cut(text, self._options.maximum_prompt_characters)
        limit = self._options.maximum_prompt_characters
        self._quality.note(f"{name}: truncated to {limit:,} characters", truncated)
        return text

    def _note_mended(self, name: str, count: int) -> None:
        self._quality.note(f"{name}: not valid UTF-8, read as Windows-1252", count)

    def _note_unreadable(self, name: str, mask: Mask | None) -> None:
        if mask is not None:
            what = f"{name}: value of a wrong type or size, left empty"
            self._quality.note(what, int(np.count_nonzero(mask)))

    def _remember_columns(self, batch: pa.RecordBatch) -> None:
        if not self.has_prompts and batch.num_rows:
            longest = pc.max(pc.binary_length(pc.utf8_trim_whitespace(batch.column("prompt"))))
            self.has_prompts = longest.as_py() > 0
        for name in OPTIONAL_COLUMNS:
            if name in self.columns or name == "response":
                continue
            if batch.column(name).null_count < batch.num_rows:
                self.columns.add(name)
        if "response" not in self.columns and batch.num_rows:
            logged = pc.max(batch.column("response_characters")).as_py()
            if logged >= 0:
                self.columns.add("response")


def bounded(batch: pa.RecordBatch, limit: int) -> Iterator[pa.RecordBatch]:
    """Yield a batch in halves, and halves of these, until each is within a number of bytes.

    Examples:
        >>> batch = pa.RecordBatch.from_pydict({"text": ["x" * 60] * 4})
        >>> [part.num_rows for part in bounded(batch, 200)]
        [2, 2]
    """
    if batch.num_rows <= 1 or batch.nbytes <= limit:
        if batch.num_rows:
            yield batch
        return
    half = batch.num_rows // 2
    yield from bounded(batch.slice(0, half), limit)
    yield from bounded(batch.slice(half), limit)


def _column(chunk: NativeChunk, name: str) -> pa.Array:
    column = chunk.columns.get(name)
    return pa.nulls(chunk.rows) if column is None else column


def _add_nulls(unusable: list[tuple[Mask, str]], array: pa.Array, reason: str) -> None:
    if array.null_count:
        unusable.append((_numpy(array.is_null()), reason))


def _scalar(time: datetime) -> pa.Scalar:
    """Return a time as Arrow's, from a number: from a datetime, Arrow would load pandas."""
    return pa.scalar((time - _EPOCH) // timedelta(microseconds=1), pa.int64()).cast(MICROSECONDS)


def _numpy(mask: pa.Array) -> Mask:
    values: Mask = mask.to_numpy(zero_copy_only=False)
    return values
