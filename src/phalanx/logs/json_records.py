"""Read JSON records one by one: lines, arrays, or documents one after the other.

A broken record is rejected and its neighbours are kept. Nothing nests deeper, or grows
longer, than memory allows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from phalanx.errors import InputError
from phalanx.logs.cast import decode_bytes
from phalanx.logs.chunk import Unit
from phalanx.logs.content import LogFile
from phalanx.logs.decompress import DecompressionError
from phalanx.logs.json_documents import documents
from phalanx.logs.lines import Block, blocks
from phalanx.logs.quality import Quality

NOT_JSON = "not valid JSON"
NOT_AN_OBJECT = "not a JSON object"
TOO_DEEP = "JSON nested too deeply"
TOO_LONG = "line longer than 256 MiB"
CUT_SHORT = "compressed data end early"

_DECODER = json.JSONDecoder(strict=False)
_SEPARATORS = re.compile(r"[\s,\x00\x1e]*")
_PADDING = b" \t\r\n\0\x1e"


class Record(NamedTuple):
    """One JSON object and where it stands."""

    unit: Unit
    """What `position` counts."""

    position: int
    """From 1."""

    characters: int
    """Its length as text."""

    value: dict[str, object]


def read_records(file: LogFile, quality: Quality) -> Iterator[Record]:
    """Yield the JSON objects of a file, one by one.

    Whoever takes them should keep little of each: thousands of nested objects that are
    held at once keep the garbage collector busy.

    Parameters:
        file: One object a line, an array of objects, or objects one after the other.
        quality: Takes the records that cannot be read.
    """
    if is_lines(file.head()):
        for block in line_blocks(file, quality):
            yield from parse_lines(block, file.name, quality)
        return
    for position, characters, value in documents(surviving(file, quality), file.name, quality):
        yield Record("record", position, characters, value)


def line_blocks(file: LogFile, quality: Quality) -> Iterator[Block]:
    """Yield a file in blocks of lines; a line that is too long is rejected."""
    for block in blocks(surviving(file, quality)):
        if block.complete:
            yield block
        else:
            quality.reject(file.name, "line", [block.first_line], TOO_LONG)


def surviving(file: LogFile, quality: Quality) -> Iterator[bytes]:
    """Yield what can be had of a file: where compressed data end early, all before.

    Raises:
        InputError: If nothing can be had.
    """
    anything = False
    try:
        for piece in file.text_pieces():
            anything = anything or bool(piece)
            yield piece
    except DecompressionError as error:
        if not anything:
            message = f"{file.name}: cannot be read: {error}"
            advice = "Copy the file again, or leave it out."
            raise InputError(message, next_step=advice) from error
        quality.warn(f"{file.name}: {error}; what came before was read")


def parse_lines(block: Block, name: str, quality: Quality) -> Iterator[Record]:
    r"""Parse each line of a block by itself; reject those that are no JSON object.

    Examples:
        >>> from phalanx.logs.lines import block_of
        >>> block, quality = block_of(b'{"a": 1}\n{"a": \n\n[2]'), Quality()
        >>> [(record.position, record.value) for record in parse_lines(block, "x", quality)]
        [(1, {'a': 1})]
        >>> dict(quality.rejects)
        {'not valid JSON': 1, 'not a JSON object': 1}
    """
    for number, line in enumerate(block.data.split(b"\n"), start=block.first_line):
        stripped = line.strip(_PADDING)
        if not stripped:
            if b"\0" in line:
                quality.reject(name, "line", [number], NOT_JSON)
            continue
        for value in _values(stripped, quality):
            if isinstance(value, dict):
                yield Record("line", number, len(stripped), value)
            else:
                reason = str(value) if isinstance(value, Reason) else NOT_AN_OBJECT
                quality.reject(name, "line", [number], reason)


def is_lines(head: bytes) -> bool:
    r"""Say whether a JSON file that begins so holds one object a line.

    Examples:
        >>> is_lines(b'{"a": 1}\n{"a": 2}\n'), is_lines(b'[{"a": 1}]'), is_lines(b'{\n "a": 1}')
        (True, False, False)
    """
    head = head.lstrip(_PADDING)
    if head.startswith(b"["):
        # An array, unless its first line is a broken object in a file of lines.
        return False
    first, *others = head.split(b"\n")
    if not others or _is_object(first):
        return True
    if first.rstrip().endswith((b"{", b"[", b",")):
        return False
    return any(_is_object(line) for line in others[:100])


class Reason(str):
    """Why a text is no JSON."""

    __slots__ = ()


def _values(line: bytes, quality: Quality) -> Iterator[object]:
    """Yield the values on a line: one, or several that lost the line end between them."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = decode_bytes(line)
        quality.note("line: not valid UTF-8, read as Windows-1252")
    position = 0
    while position < len(text):
        try:
            value, position = _DECODER.raw_decode(text, position)
        except RecursionError:
            yield Reason(TOO_DEEP)
            return
        except ValueError:
            yield Reason(NOT_JSON)
            return
        yield value
        position = _separator_end(text, position)


def _separator_end(text: str, position: int) -> int:
    match = _SEPARATORS.match(text, position)
    return match.end() if match else position


def _is_object(line: bytes) -> bool:
    stripped = line.strip(_PADDING)
    if not stripped.startswith(b"{"):
        return False
    try:
        return bool(_DECODER.decode(decode_bytes(stripped)))
    except (ValueError, RecursionError):
        return False
