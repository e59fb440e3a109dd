"""Cut a stream of bytes into blocks of whole lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

BLOCK_BYTES = 8 << 20
"""A block is handed on when it has grown to this."""

MAXIMUM_LINE_BYTES = 256 << 20
"""A longer line is given up: it is no exchange, and would fill the memory."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole lines (or records) of a text."""

    first_line: int
    """Number of the first line, from 1."""

    data: bytes
    """The lines, with their ends; the last line of the text may have none."""

    lines: int
    """How many lines; an unfinished last one counts."""

    complete: bool = True
    """False for the beginning of a line that was given up; its rest is skipped."""


def block_of(data: bytes, first_line: int = 1) -> Block:
    r"""Make a block of some lines, counting them.

    Examples:
        >>> block_of(b"one\ntwo").lines
        2
    """
    # Several times faster than `bytes.count`, and blocks are large.
    ends = int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord("\n")))
    return Block(first_line, data, ends + (not data.endswith(b"\n")))


def last_line_end(data: bytes) -> int:
    r"""Return where the last whole line ends, 0 when there is none.

    Examples:
        >>> last_line_end(b"one\ntw")
        4
    """
    return data.rfind(b"\n") + 1


def blocks(
    pieces: Iterator[bytes], last_end: Callable[[bytes], int] = last_line_end
) -> Iterator[Block]:
    r"""Yield blocks of whole lines.

    Parameters:
        pieces: The text, cut anywhere.
        last_end: Where the last whole record in some bytes ends, 0 when there is none; a
            record ends with a line.

    Examples:
        >>> [block.data for block in blocks(iter([b"one\ntw", b"o"]))]
        [b'one\ntwo']
    """
    held: list[bytes] = []
    size = wanted = 0
    line = 1
    pieces = iter(pieces)
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size < max(BLOCK_BYTES, wanted):
            continue
        data = b"".join(held)
        end = last_end(data)
        if end:
            block = block_of(data[:end], line)
            yield block
            line += block.lines
            held, size, wanted = [data[end:]], len(data) - end, 0
        elif size > MAXIMUM_LINE_BYTES:
            block = replace(block_of(data, line), complete=False)
            yield block
            line += block.lines
            held = [_behind_line(pieces)]
            size, wanted = len(held[0]), 0
        else:
            # Doubling what is waited for keeps a long line from being searched again
            # with every piece.
            held, wanted = [data], min(2 * size, MAXIMUM_LINE_BYTES + 1)
    data = b"".join(held)
    if data:
        yield block_of(data, line)


def _behind_line(pieces: Iterator[bytes]) -> bytes:
    """Skip to the end of the line and return what was read beyond it."""
    for piece in pieces:
        end = piece.find(b"\n") + 1
        if end:
            return piece[end:]
    return b""
