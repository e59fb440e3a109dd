"""Read the native table from JSON: by Arrow where lines are sound, row by row elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.json as arrow_json

from phalanx.logs.chunk import NativeChunk
from phalanx.logs.columns import extract, missing_columns
from phalanx.logs.content import LogFile
from phalanx.logs.json_records import Record, is_lines, line_blocks, parse_lines, read_records
from phalanx.logs.json_schema import JsonSchema
from phalanx.logs.lines import Block, block_of
from phalanx.logs.options import ReadOptions
from phalanx.logs.quality import Quality
from phalanx.logs.rows import PlacedRow, Row, chunks_of, field_at
from phalanx.logs.schema import MAPPABLE_COLUMNS, REQUIRED_COLUMNS

_SAMPLE_LINES = 200
_NAMED_RECORDS = 1_000
_HALVED_BYTES = 256 << 10


def read_json(file: LogFile, options: ReadOptions, quality: Quality) -> Iterator[NativeChunk]:
    """Yield the rows of a JSON file: one object a line, an array, or objects in a row.

    Raises:
        InputError: If no record has one of the required fields.
    """
    reader = _JsonReader(file.name, options, quality)
    if is_lines(file.head()):
        for block in line_blocks(file, quality):
            yield from reader.block(block)
    else:
        yield from reader.records(read_records(file, quality))


class _JsonReader:
    """Reads block after block, and learns from each what the next will look like."""

    def __init__(self, name: str, options: ReadOptions, quality: Quality) -> None:
        self._name = name
        self._quality = quality
        self._fields = {name: options.columns.get(name, name) for name in MAPPABLE_COLUMNS}
        self._schema: JsonSchema | None = None
        self._batch_rows = options.batch_rows
        self._responses = options.responses
        self._known_complete = False

    def block(self, block: Block) -> Iterator[NativeChunk]:
        if self._schema is None:
            end = -1
            for _ in range(_SAMPLE_LINES):
                end = block.data.find(b"\n", end + 1)
                if end < 0:
                    break
            sample = block.data if end < 0 else block.data[:end]
            self._learn(parse_lines(block_of(sample), self._name, Quality()))
        chunk = self._by_arrow(block)
        if chunk is not None:
            yield chunk
            return
        if self._schema is not None and self._schema.arrow is not None:
            # One bad line must not make thousands of good ones slow: search for it.
            halves = _halves(block)
            for half in halves:
                yield from self.block(half)
            if halves:
                return
        self._learn(islice(parse_lines(block, self._name, Quality()), _SAMPLE_LINES))
        yield from self.records(parse_lines(block, self._name, self._quality))

    def records(self, records: Iterator[Record]) -> Iterator[NativeChunk]:
        """Yield rows that were parsed one by one."""
        first = list(islice(records, _NAMED_RECORDS))
        self._require_columns([record.value for record in first])
        rows = (
            PlacedRow(unit, position, characters, self._row(value))
            for unit, position, characters, value in chain(first, records)
        )
        yield from chunks_of(rows, self._batch_rows, self._quality, responses=self._responses)

    def _row(self, record: Mapping[str, object]) -> Row:
        row = {}
        for name, path in self._fields.items():
            value = field_at(record, path)
            if value is not None:
                row[name] = value
        return row

    def _by_arrow(self, block: Block) -> NativeChunk | None:
        """Parse a block at once, or return null when any line of it needs care."""
        if self._schema is None or self._schema.arrow is None:
            return None
        try:
            block.data.decode()
            table = arrow_json.read_json(
                pa.BufferReader(block.data),
                read_options=arrow_json.ReadOptions(
                    use_threads=False, block_size=len(block.data) + 1
                ),
                parse_options=arrow_json.ParseOptions(
                    explicit_schema=self._schema.arrow, unexpected_field_behavior="ignore"
                ),
            )
        except (pa.ArrowException, UnicodeDecodeError):
            return None
        positions = _positions(block, table.num_rows)
        if positions is None:
            return None
        batch = table.combine_chunks().to_batches()[0]
        columns = {name: extract(batch, path) for name, path in self._schema.paths.items()}
        return NativeChunk(rows=table.num_rows, positions=positions, unit="line", columns=columns)

    def _learn(self, records: Iterator[Record]) -> None:
        values = [record.value for record in records]
        if not values:
            return
        self._require_columns(values)
        schema = self._schema or JsonSchema(self._fields)
        self._schema = schema.widened(values)

    def _require_columns(self, values: list[dict[str, object]]) -> None:
        """Refuse a file in whose first records a required field never occurs."""
        if self._known_complete or not values:
            return
        missing = [
            name
            for name in REQUIRED_COLUMNS
            if all(field_at(value, self._fields[name]) is None for value in values)
        ]
        if missing:
            mapped = {column: at for column, at in self._fields.items() if column != at}
            raise missing_columns(self._name, missing, _names(values), mapped)
        self._known_complete = True


def _halves(block: Block) -> tuple[Block, Block] | tuple[()]:
    """Cut a block between two lines near its middle; nothing for a small one."""
    if len(block.data) < _HALVED_BYTES:
        return ()
    middle = block.data.find(b"\n", len(block.data) // 2) + 1
    if middle in (0, len(block.data)):
        return ()
    head = block_of(block.data[:middle], block.first_line)
    return head, block_of(block.data[middle:], block.first_line + head.lines)


def _names(values: Iterable[Mapping[str, object]], prefix: str = "") -> list[str]:
    """Return the names of all fields, nested ones dotted, in order of appearance."""
    names: dict[str, None] = {}
    for value in values:
        for name, inner in value.items():
            if isinstance(inner, dict) and not prefix:
                names.update(dict.fromkeys(_names([inner], f"{name}.")))
            else:
                names[prefix + name] = None
    return list(names)


def _positions(block: Block, rows: int) -> range | npt.NDArray[np.int64] | None:
    """Number the lines that became rows; null when lines and rows do not match."""
    if block.lines == rows:
        return range(block.first_line, block.first_line + rows)
    filled = [bool(line.strip()) for line in block.data.split(b"\n")]
    positions = np.flatnonzero(filled) + block.first_line
    return positions if len(positions) == rows else None
