"""The header of a GGUF file, taken for hostile until every number in it was checked.

The package of the format's authors believes the counts that a header states: an array of as many
numbers as it likes is an endless loop. So the header is walked here, within bounds; of the package
only block layouts are used.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from phalanx.errors import InputError
from phalanx.provenance.weights.pieces import file_size, read_piece

MOST_HEADER_BYTES = 64 * 2**20
"""Four times the header of the largest vocabularies."""

Setting = int | float | bool | str
"""A value of the header that is one number or one text."""

_SCALARS = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q",
    12: "<d",
}  # fmt: skip
"""Kinds of values of one number, and how they lie."""

_TEXT, _ARRAY = 8, 9
_VERSIONS = (2, 3)
_MOST_AXES = 4
_MOST_NAME = 1 << 16
_WINDOW = 1 << 20
_NEXT = "Fetch the file again, or write it anew with llama.cpp's tools."


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufEntry:
    """A tensor, as the header has it."""

    kind: int
    """Number of the kind of its numbers."""

    shape: tuple[int, ...]
    """Lengths of its axes, rows first."""

    offset: int
    """First byte, from the beginning of all data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufHeader:
    """What stands before the numbers of a file."""

    settings: Mapping[str, Setting | None]
    """By name; null for lists, which are passed over."""

    entries: Mapping[str, GgufEntry]
    """Tensors by name."""

    data_start: int
    """Where data begin, from the beginning of the file."""


def read_gguf_header(path: Path) -> GgufHeader:
    """Return settings and tensors of one file.

    Parameters:
        path: A file of the format GGUF, version 2 or 3, little end first.

    Raises:
        InputError: If the file is another, or its header does not fit into it.

    References:
        ggml, "GGUF", section "File structure".
    """
    reading = _Reading(path)
    if reading.take(4) != b"GGUF":
        reading.refuse("does not begin as a GGUF file does")
    version = int(reading.number("<I"))
    if version not in _VERSIONS:
        reading.refuse(f"is of version {version}, and versions 2 and 3 can be read")
    tensors, count = int(reading.number("<Q")), int(reading.number("<Q"))
    settings: dict[str, Setting | None] = {}
    for _ in range(count):
        name = reading.text(_MOST_NAME)
        if name in settings:
            reading.refuse(f"names {name[:100]!r} twice")
        settings[name] = reading.value(int(reading.number("<I")))
    entries: dict[str, GgufEntry] = {}
    for _ in range(tensors):
        name = reading.text(_MOST_NAME)
        if name in entries:
            reading.refuse(f"has two tensors {name[:100]!r}")
        entries[name] = reading.entry()
    alignment = settings.get("general.alignment", 32)
    if type(alignment) is not int or alignment < 1 or alignment & (alignment - 1):
        reading.refuse("aligns its data to what is no power of two")
    return GgufHeader(
        settings=settings, entries=entries, data_start=-(-reading.at // alignment) * alignment
    )


class _Reading:
    """A place in a header, which never leaves it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.at = 0
        self._end = min(file_size(path), MOST_HEADER_BYTES)
        self._window = b""
        self._from = 0

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        self._check(size)
        first = self.at - self._from
        if first + size > len(self._window):
            length = min(max(size, _WINDOW), self._end - self.at)
            self._window = read_piece(self.path, self.at, length).tobytes()
            self._from, first = self.at, 0
        self.at += size
        return self._window[first : first + size]

    def skip(self, size: int) -> None:
        """Pass over the next bytes."""
        self._check(size)
        self.at += size
        if not self._from <= self.at <= self._from + len(self._window):
            self._window, self._from = b"", self.at

    def number(self, form: str) -> int | float | bool:
        """Return the next number."""
        found: int | float | bool = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return found

    def text(self, most: int = MOST_HEADER_BYTES) -> str:
        """Return the next text."""
        size = int(self.number("<Q"))
        if size > most:
            self.refuse(f"has a name of {size:,} bytes")
        try:
            return self.take(size).decode()
        except UnicodeDecodeError:
            self.refuse("has a text that is not UTF-8")

    def value(self, kind: int) -> Setting | None:
        """Return the next value, or nothing for a list."""
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _TEXT:
            return self.text()
        if kind != _ARRAY:
            self.refuse(f"has a value of an unknown kind, {kind}")
        kind, count = int(self.number("<I")), int(self.number("<Q"))
        if kind in _SCALARS:
            self.skip(count * struct.calcsize(_SCALARS[kind]))
        elif kind == _TEXT:
            # Each text takes 8 bytes at least: what cannot fit is refused before it is walked.
            self._check(count * 8)
            for _ in range(count):
                self.skip(int(self.number("<Q")))
        else:
            self.refuse(f"has a list of values of kind {kind}")
        return None

    def entry(self) -> GgufEntry:
        """Return where the next tensor lies."""
        axes = int(self.number("<I"))
        if axes > _MOST_AXES:
            self.refuse(f"has a tensor of {axes:,} axes; at most {_MOST_AXES} can be")
        lengths = [int(self.number("<Q")) for _ in range(axes)]
        if math.prod(lengths) >= 2**63:
            self.refuse("has a tensor of more numbers than there are")
        kind, offset = int(self.number("<I")), int(self.number("<Q"))
        return GgufEntry(kind=kind, shape=tuple(reversed(lengths)), offset=offset)

    def refuse(self, what: str) -> NoReturn:
        """Raise."""
        message = f"{self.path} {what}"
        raise InputError(message, next_step=_NEXT)

    def _check(self, size: int) -> None:
        if size > self._end - self.at:
            self.refuse(
                f"states {size:,} bytes at byte {self.at:,} of its header, which can have "
                f"{self._end:,} at most"
            )
