"""Read tables in memory: Arrow, pandas, Polars, DuckDB, Ibis and whatever narwhals knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from phalanx.errors import InputError
from phalanx.logs.chunk import NativeChunk
from phalanx.logs.columnar import read_batches
from phalanx.logs.columns import resolve
from phalanx.logs.objects import array_of
from phalanx.logs.options import ReadOptions
from phalanx.logs.quality import Quality

FRAME_NAME = "frame"
"""How a table in memory is called where files have their path."""


def read_frame(frame: object, options: ReadOptions, quality: Quality) -> Iterator[NativeChunk]:
    """Yield the rows of a table in memory.

    Raises:
        InputError: If it is no table, or lacks a required column.

    Examples:
        >>> row = {"timestamp": "2026-01-01", "account_id": "a", "model": "m", "prompt": "p"}
        >>> chunks = read_frame(pa.Table.from_pylist([row]), ReadOptions(), Quality())
        >>> [chunk.rows for chunk in chunks]
        [1]
    """
    reader = _batches(frame, options)
    paths = resolve(reader.schema, options.columns, name=FRAME_NAME, quality=quality)
    yield from read_batches(reader, paths, options)


def _batches(frame: Any, options: ReadOptions) -> pa.RecordBatchReader:
    """Open any table as a stream of Arrow batches, without a copy where that is possible."""
    kind = type(frame).__module__.partition(".")[0]
    if isinstance(frame, pa.RecordBatch):
        frame = pa.Table.from_batches([frame])
    if isinstance(frame, pa.Table):
        return frame.to_reader(max_chunksize=options.batch_rows)
    if kind == "ibis":
        return frame.to_pyarrow_batches(chunk_size=options.batch_rows)
    if kind == "pandas":
        return _pandas_to_arrow(frame).to_reader(max_chunksize=options.batch_rows)
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(frame)
    return _by_narwhals(frame).to_reader(max_chunksize=options.batch_rows)


def _pandas_to_arrow(frame: Any) -> pa.Table:
    """Convert column by column: an object column of mixed types must not stop the rest."""
    columns = {str(name): array_of(frame[name]) for name in frame.columns.unique()}
    return pa.table(columns)


def _by_narwhals(frame: Any) -> pa.Table:
    import narwhals  # noqa: PLC0415 - only frames of rarer kinds need it

    try:
        wrapped = narwhals.from_native(frame)
    except TypeError as error:
        message = f"cannot read logs from a {type(frame).__name__}"
        advice = "Pass a path, a list of paths, or a table (Arrow, pandas, Polars, Ibis)."
        raise InputError(message, next_step=advice) from error
    if isinstance(wrapped, narwhals.LazyFrame):
        return wrapped.collect(backend="pyarrow").to_native()
    return wrapped.to_arrow()
