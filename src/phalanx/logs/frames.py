"""Read tables in memory: Arrow, pandas, Polars, DuckDB, Ibis and whatever narwhals knows."""

from __future__ import annotations

from collections.abc import Iterator

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
    paths = resolve(
        reader.schema,
        options.columns,
        name=FRAME_NAME,
        quality=quality,
        responses=options.responses,
    )
    yield from read_batches(reader, paths, options)


def _batches(frame: object, options: ReadOptions) -> pa.RecordBatchReader:
    """Open any table as a stream of Arrow batches, without a copy where that is possible."""
    if isinstance(frame, pa.RecordBatch):
        frame = pa.Table.from_batches([frame])
    if isinstance(frame, pa.Table):
        return frame.to_reader(max_chunksize=options.batch_rows)
    library = type(frame).__module__.partition(".")[0]
    if library == "ibis":
        return _from_ibis(frame, options)
    if library == "pandas":
        return _from_pandas(frame).to_reader(max_chunksize=options.batch_rows)
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(frame)
    return _from_narwhals(frame).to_reader(max_chunksize=options.batch_rows)


def _from_ibis(frame: object, options: ReadOptions) -> pa.RecordBatchReader:
    import ibis  # noqa: PLC0415 - loaded already by whoever made the table

    if not isinstance(frame, ibis.Table):
        raise _no_table(frame)
    backend = frame.get_backend()
    if backend.name != "duckdb":
        return frame.to_pyarrow_batches(chunk_size=options.batch_rows)
    # Ibis 12 asks its cursor for a method that DuckDB 2 has renamed. The empty query makes
    # Ibis register what the expression refers to; the relation then streams.
    frame.limit(0).to_pyarrow()
    return backend.con.sql(backend.compile(frame)).to_arrow_reader(options.batch_rows)


def _from_pandas(frame: object) -> pa.Table:
    """Convert column by column: an object column of mixed types must not stop the rest."""
    import pandas as pd  # noqa: PLC0415 - loaded already by whoever made the frame

    if not isinstance(frame, pd.DataFrame):
        raise _no_table(frame)
    return pa.table({str(name): array_of(frame[name]) for name in frame.columns.unique()})


def _from_narwhals(frame: object) -> pa.Table:
    import narwhals  # noqa: PLC0415 - only frames of rarer kinds need it

    try:
        wrapped = narwhals.from_native(frame)  # type: ignore[call-overload]  # tries anything
    except TypeError as error:
        raise _no_table(frame) from error
    if isinstance(wrapped, narwhals.LazyFrame):
        wrapped = wrapped.collect(backend="pyarrow")
    return wrapped.to_arrow()


def _no_table(frame: object) -> InputError:
    return InputError(
        f"cannot read logs from a {type(frame).__name__}",
        next_step="Pass a path, a list of paths, or a table (Arrow, pandas, Polars, Ibis).",
    )
