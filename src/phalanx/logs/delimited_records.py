"""Split a block of delimited text into records with care, keeping every good one."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator

from phalanx.logs.cast import decode_bytes
from phalanx.logs.lines import MAXIMUM_LINE_BYTES, Block
from phalanx.logs.quality import Quality

# The limit on the size of a field belongs to the whole process.
_FIELD_LIMIT = threading.Lock()


def records_of(
    block: Block, delimiter: str, width: int, quality: Quality
) -> Iterator[tuple[int, list[str] | None]]:
    r"""Yield the line and the fields of each record; null for one that is broken.

    A record whose quotes never close would swallow all that follows: its first line is
    given up and reading goes on with the next line. Time grows with the length of the
    block, whatever is in it.

    Parameters:
        block: Whole records, as far as can be told.
        delimiter: Character between fields.
        width: Number of fields that a record must have.
        quality: Takes notes on lines in another encoding.

    Examples:
        >>> from phalanx.logs.lines import block_of
        >>> block = block_of(b'a,b\nc\n"d,e\nf,"g\nh"\n', first_line=2)
        >>> list(records_of(block, ",", 2, Quality()))
        [(2, ['a', 'b']), (3, None), (4, None), (5, ['f', 'g\nh'])]
    """
    lines = _decoded_lines(block, quality)
    with _FIELD_LIMIT:
        before = csv.field_size_limit(MAXIMUM_LINE_BYTES)
        try:
            found = list(_records(lines, delimiter, width))
        finally:
            csv.field_size_limit(before)
    for index, fields in found:
        yield block.first_line + index, fields


def _records(
    lines: list[str], delimiter: str, width: int
) -> Iterator[tuple[int, list[str] | None]]:
    closing = _Closing(lines, delimiter)
    index = 0
    while index < len(lines):
        fields, is_open = _parsed([lines[index]], delimiter)
        end = index + 1
        if is_open:
            end = closing.line_after(index + 1)
            fields, is_open = _parsed(lines[index:end], delimiter) if end else (None, True)
        if fields is None or is_open:
            yield index, _single_line(lines[index], delimiter, width)
            end = index + 1
        elif fields:
            yield index, fields if len(fields) == width else None
        index = end


def _parsed(lines: list[str], delimiter: str) -> tuple[list[str] | None, bool]:
    """Parse lines as one record; return null for a broken one, and whether a quote is open."""
    # Where a quote is open, the line that is added closes it.
    reader = csv.reader([*lines, '"\n'], delimiter=delimiter, strict=True)
    try:
        fields = next(reader)
    except csv.Error:
        return None, False
    return fields, reader.line_num > len(lines)


class _Closing:
    """Where a record ends whose quote is open at the start of a line.

    That depends on the line alone, not on where the record began. So each line is looked
    at once, however many records begin, go on to the end of the block and fail.
    """

    def __init__(self, lines: list[str], delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._known: dict[int, int] = {len(lines): 0}

    def line_after(self, line: int) -> int:
        """Return the line after the end of such a record; 0 if it has no end or is broken."""
        passed = []
        while line not in self._known:
            passed.append(line)
            fields, is_open = _parsed(['"' + self._lines[line]], self._delimiter)
            if not is_open:
                self._known[line] = 0 if fields is None else line + 1
                break
            line += 1
        found = self._known[line]
        self._known.update(dict.fromkeys(passed, found))
        return found


def _single_line(line: str, delimiter: str, width: int) -> list[str] | None:
    """Read a line as lenient parsers do, if its quotes match."""
    if line.count('"') % 2:
        return None
    try:
        fields = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return None
    return fields if len(fields) == width else None


def _decoded_lines(block: Block, quality: Quality) -> list[str]:
    """Decode the block, by lines where it is not valid UTF-8; keep the line ends."""
    lines = block.data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    texts = []
    mended = 0
    for line in lines:
        text = decode_bytes(line)
        mended += text.encode(errors="replace") != line
        texts.append(text + "\n")
    quality.note("line: not valid UTF-8, read as Windows-1252", mended)
    return texts
