"""Read the native table from CSV and its relatives.

Fields may be quoted and hold line ends. Blocks of whole records are parsed by Arrow;
a block with a ragged or broken record is read record by record.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as arrow_csv

from phalanx.errors import InputError
from phalanx.logs.cast import texts
from phalanx.logs.chunk import NativeChunk
from phalanx.logs.columns import FieldPath, resolve
from phalanx.logs.content import LogFile
from phalanx.logs.delimited_records import records_of
from phalanx.logs.json_records import TOO_LONG, surviving
from phalanx.logs.lines import Block, block_of, blocks
from phalanx.logs.options import ReadOptions
from phalanx.logs.quality import Quality

_DELIMITERS = ",;\t|"
_NAME = re.compile(r"[A-Za-z_]([\w .\-/]{0,62}\w)?")
_QUOTE, _NEWLINE = ord('"'), ord("\n")
_PART_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """How a delimited file begins."""

    delimiter: str
    names: tuple[str, ...]


def header_of(head: bytes) -> Header | None:
    r"""Return the header of a delimited file that begins so, or null when it is none.

    Examples:
        >>> header_of(b"time;user;text\n1;2;3\n")
        Header(delimiter=';', names=('time', 'user', 'text'))
        >>> header_of(b"Dear reader, hello.") is None
        True
    """
    end = _record_end(head.lstrip(b"\r\n"))
    line = head.lstrip(b"\r\n")[:end] if end else head
    try:
        text = line.decode().strip("\r\n")
    except UnicodeDecodeError:
        return None
    best: Header | None = None
    for delimiter in _DELIMITERS:
        names = _names(text, delimiter)
        if len(names) > (len(best.names) if best else 1) and all(map(_NAME.fullmatch, names)):
            best = Header(delimiter, names)
    return best


def _names(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(name.strip() for name in next(csv.reader([text], delimiter=delimiter), []))
    except csv.Error:
        return ()


def read_delimited(file: LogFile, options: ReadOptions, quality: Quality) -> Iterator[NativeChunk]:
    """Yield the rows of a delimited file.

    Raises:
        InputError: If the header lacks a required column.
    """
    header = header_of(file.head())
    if header is None:
        message = f"{file.name}: no header with column names in the first line"
        raise InputError(message, next_step="Put the column names in the first line.")
    schema = pa.schema([(name, pa.binary()) for name in header.names])
    paths = resolve(
        schema,
        options.columns,
        name=file.name,
        quality=quality,
        responses=options.responses,
    )
    awaiting_header = True
    for block in blocks(surviving(file, quality), _last_record_end):
        if not block.complete:
            quality.reject(file.name, "line", [block.first_line], TOO_LONG)
            continue
        if awaiting_header:
            blank = len(block.data) - len(block.data.lstrip(b"\r\n"))
            end = blank + (_record_end(block.data[blank:]) or len(block.data))
            skipped = block.data.count(b"\n", 0, end)
            block = block_of(block.data[end:], block.first_line + skipped)  # noqa: PLW2901
            awaiting_header = False
        if block.data.strip(b"\r\n"):
            chunk = _by_arrow(block, header, paths)
            yield chunk or _record_by_record(block, header, paths, file.name, quality)


def _by_arrow(block: Block, header: Header, paths: dict[str, FieldPath]) -> NativeChunk | None:
    """Parse a block at once, or return null when any record of it needs care."""
    wanted = sorted({path[0] for path in paths.values()})
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(block.data),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=len(block.data) + 1, column_names=header.names
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=header.delimiter, newlines_in_values=True
            ),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, pa.binary()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowException:
        return None
    positions = _first_lines(block)
    if len(positions) != table.num_rows:
        return None
    columns = {name: table.column(path[0]).combine_chunks() for name, path in paths.items()}
    return NativeChunk(rows=table.num_rows, positions=positions, unit="line", columns=columns)


def _record_by_record(
    block: Block, header: Header, paths: dict[str, FieldPath], name: str, quality: Quality
) -> NativeChunk:
    rows: list[list[str]] = []
    positions: list[int] = []
    rejected: list[int] = []
    for line, fields in records_of(block, header.delimiter, len(header.names), quality):
        if fields is None:
            rejected.append(line)
        else:
            positions.append(line)
            rows.append(fields)
    reason = f"not {len(header.names)} fields, or quotes that do not match"
    quality.reject(name, "line", rejected, reason)
    index = {column: position for position, column in enumerate(header.names)}
    columns = {
        column: texts([row[index[path[0]]] or None for row in rows])
        for column, path in paths.items()
    }
    return NativeChunk(rows=len(rows), positions=positions, unit="line", columns=columns)


def _record_ends(
    data: bytes,
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Yield the line ends outside quotes, and how many lines there are up to each.

    They come in parts, so that a field of nothing but quotes or line ends does not take
    many times its size.
    """
    quotes = lines = 0
    for start in range(0, len(data), _PART_BYTES):
        characters = np.frombuffer(data, np.uint8, min(_PART_BYTES, len(data) - start), start)
        line_ends = np.flatnonzero(characters == _NEWLINE)
        quoted = np.flatnonzero(characters == _QUOTE)
        outside = np.flatnonzero((quotes + np.searchsorted(quoted, line_ends)) % 2 == 0)
        yield start + line_ends[outside], lines + outside + 1
        quotes += len(quoted)
        lines += len(line_ends)


def _last_record_end(data: bytes) -> int:
    end = data.rfind(b"\n") + 1
    if not end or data.count(b'"', 0, end) % 2 == 0:
        return end
    return max((int(ends[-1]) + 1 for ends, _ in _record_ends(data) if len(ends)), default=0)


def _record_end(data: bytes) -> int:
    """Return where the first record ends, 0 when it does not."""
    return next((int(ends[0]) + 1 for ends, _ in _record_ends(data) if len(ends)), 0)


def _first_lines(block: Block) -> range | npt.NDArray[np.int64]:
    """Return the line on which each record begins; blank lines are no records."""
    data = block.data if block.data.endswith(b"\n") else block.data + b"\n"
    if b'"' not in data and b"\n\n" not in data and b"\n\r" not in data and data[:1] not in b"\r\n":
        return range(block.first_line, block.first_line + block.lines)
    parts = list(_record_ends(data))
    ends = np.concatenate([part for part, _ in parts])
    lines = np.concatenate([part for _, part in parts])
    starts = np.concatenate(([0], lines[:-1])) if len(lines) else lines
    begins = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    text = np.frombuffer(data, np.uint8)
    blank = np.isin(text[begins], (_NEWLINE, ord("\r")))
    return starts[~blank] + block.first_line
