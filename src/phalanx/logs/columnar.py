"""Read Parquet and Arrow files, and any table in memory, column by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from phalanx.errors import InputError
from phalanx.logs.chunk import NativeChunk
from phalanx.logs.columns import FieldPath, extract, resolve
from phalanx.logs.conform import BATCH_BYTES
from phalanx.logs.content import LogFile
from phalanx.logs.options import ReadOptions
from phalanx.logs.quality import Quality

PARQUET_MAGIC = b"PAR1"
ARROW_MAGIC = b"ARROW1"
ARROW_STREAM_MAGIC = b"\xff\xff\xff\xff"

# Text is checked as bytes: what is not UTF-8 is mended, cell by cell, later.
_OPAQUE = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}

_READ_AHEAD_BYTES = 1 << 20
_FEWEST_ROWS = 64
_NESTED_ROWS = 64
_MOST_ROWS_PER_BYTE = 100


def read_parquet(file: LogFile, options: ReadOptions, quality: Quality) -> Iterator[NativeChunk]:
    """Yield the rows of a Parquet file, reading only the columns that are needed.

    A file may hold one long text and a million rows that point at it. Texts are therefore
    read as pointers and written out in parts of bounded size. Texts inside nested columns
    cannot be read so; those are read few rows at a time.

    Raises:
        InputError: If the file is damaged or lacks a required column.
    """
    with file.open_binary() as source:
        parquet = pq.ParquetFile(source, buffer_size=_READ_AHEAD_BYTES, pre_buffer=False)
        metadata, schema = parquet.metadata, parquet.schema_arrow
        if metadata.num_rows > _MOST_ROWS_PER_BYTE * max(source.size(), 1):
            message = f"{file.name}: claims {metadata.num_rows:,} rows in {source.size():,} bytes"
            advice = "Write the log again; this file is not plausible."
            raise InputError(message, next_step=advice)
        paths = resolve(
            schema,
            options.columns,
            name=file.name,
            quality=quality,
            responses=options.responses,
        )
        leaves = {_leaf(schema, path) for path in paths.values()}
        parquet = pq.ParquetFile(
            source,
            metadata=metadata,
            read_dictionary=sorted(leaf for leaf in leaves if _is_text(schema, leaf)),
            buffer_size=_READ_AHEAD_BYTES,
            pre_buffer=False,
        )
        rows = _rows_at_once(metadata, options.batch_rows)
        nested = any(pa.types.is_nested(schema.field(path[0]).type) for path in paths.values())
        batches = parquet.iter_batches(
            batch_size=min(rows, _NESTED_ROWS) if nested else rows,
            columns=sorted(leaves),
            use_threads=False,
        )
        yield from read_batches(_gathered(batches, rows) if nested else batches, paths, options)


def read_arrow_file(file: LogFile, options: ReadOptions, quality: Quality) -> Iterator[NativeChunk]:
    """Yield the rows of an Arrow IPC file.

    Raises:
        InputError: If it lacks a required column.
    """
    with file.open_binary() as source, pa.ipc.open_file(source) as reader:
        paths = resolve(
            reader.schema,
            options.columns,
            name=file.name,
            quality=quality,
            responses=options.responses,
        )
        batches = (reader.get_batch(index) for index in range(reader.num_record_batches))
        yield from read_batches(map(_sound, batches), paths, options)


def read_arrow_stream(
    file: LogFile, options: ReadOptions, quality: Quality
) -> Iterator[NativeChunk]:
    """Yield the rows of an Arrow IPC stream.

    Raises:
        InputError: If it lacks a required column.
    """
    with file.open_binary() as source, pa.ipc.open_stream(source) as reader:
        paths = resolve(
            reader.schema,
            options.columns,
            name=file.name,
            quality=quality,
            responses=options.responses,
        )
        yield from read_batches(map(_sound, reader), paths, options)


def read_batches(
    batches: Iterable[pa.RecordBatch], paths: dict[str, FieldPath], options: ReadOptions
) -> Iterator[NativeChunk]:
    """Yield native chunks of bounded size from batches of any size."""
    position = 1
    for batch in batches:
        for start in range(0, batch.num_rows, options.batch_rows):
            part = batch.slice(start, options.batch_rows)
            columns = {name: _small_offsets(extract(part, path)) for name, path in paths.items()}
            yield from _bounded(columns, part.num_rows, position)
            position += part.num_rows


def _gathered(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Join short batches until they have enough rows or bytes."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(each.num_rows for each in held) >= rows or _nbytes(held) >= BATCH_BYTES:
            yield pa.concat_batches(held)
            held = []
    if held:
        yield pa.concat_batches(held)


def _nbytes(batches: Iterable[pa.RecordBatch]) -> int:
    return sum(batch.nbytes for batch in batches)


def _is_text(schema: pa.Schema, leaf: str) -> bool:
    return leaf in schema.names and schema.field(leaf).type in (*_OPAQUE, *_OPAQUE.values())


def _written_out_bytes(column: pa.Array) -> int:
    """Return the bytes that a column takes when its dictionary is written out.

    Raises:
        pyarrow.ArrowInvalid: If it points outside its dictionary.
    """
    if not _is_dictionary_of_text(column.type):
        return int(column.nbytes)
    pointers = column.indices.drop_null()
    lengths = pc.binary_length(column.dictionary).fill_null(0).to_numpy(zero_copy_only=False)
    places = pointers.to_numpy(zero_copy_only=False)
    if places.size and not (places.min() >= 0 and places.max() < lengths.size):
        message = "a cell points outside the dictionary of its column"
        raise pa.ArrowInvalid(message)
    return int(lengths[places].sum(dtype=np.int64)) + 8 * len(column)


def _is_dictionary_of_text(kind: pa.DataType) -> bool:
    return pa.types.is_dictionary(kind) and kind.value_type in (*_OPAQUE, *_OPAQUE.values())


def _written_out(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if _is_dictionary_of_text(column.type) else column


def _bounded(columns: dict[str, pa.Array], rows: int, position: int) -> Iterator[NativeChunk]:
    if sum(map(_written_out_bytes, columns.values())) > 2 * BATCH_BYTES and rows > 1:
        half = rows // 2
        head = {name: column.slice(0, half) for name, column in columns.items()}
        tail = {name: column.slice(half) for name, column in columns.items()}
        yield from _bounded(head, half, position)
        yield from _bounded(tail, rows - half, position + half)
        return
    plain = {name: _written_out(column) for name, column in columns.items()}
    yield NativeChunk(rows=rows, positions=range(position, position + rows), columns=plain)


def _sound(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Check what Arrow takes on trust from a file, before anything follows its offsets."""
    batch.validate()
    for column in batch.columns:
        opaque = _OPAQUE.get(column.type)
        (column if opaque is None else column.view(opaque)).validate(full=True)
    return batch


def _leaf(schema: pa.Schema, path: FieldPath) -> str:
    """Return the name by which Parquet selects a field; a map comes only as a whole."""
    steps = path[:1]
    kind = schema.field(path[0]).type
    for step in path[1:]:
        if not pa.types.is_struct(kind):
            break
        steps += (step,)
        kind = kind.field(step).type
    return ".".join(steps)


def _small_offsets(array: pa.Array) -> pa.Array:
    """Copy views out, so that a slice no longer carries the buffers of the whole."""
    if pa.types.is_string_view(array.type):
        return array.cast(pa.large_string())
    if pa.types.is_binary_view(array.type):
        return array.cast(pa.large_binary())
    return array


def _rows_at_once(metadata: pq.FileMetaData, batch_rows: int) -> int:
    """Choose how many rows to decode at once, so that long prompts stay within bounds.

    The size of whole row groups is used: Arrow ends the process when it meets damaged
    statistics while it looks at a single column.
    """
    groups = (metadata.row_group(index) for index in range(metadata.num_row_groups))
    widest = max((group.total_byte_size / max(group.num_rows, 1) for group in groups), default=0)
    fitting = int(BATCH_BYTES / widest) if widest > 0 else batch_rows
    return max(min(batch_rows, fitting), min(_FEWEST_ROWS, batch_rows))
