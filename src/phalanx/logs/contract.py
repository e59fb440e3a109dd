"""Tests that every log reader must pass; a plugin inherits them.

    class TestMyReader(LogReaderContract):
        reader = MyReader()
        examples = (Example(content=b"...", rows=2),)

They run under pytest, which hands in `tmp_path`, and need nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from phalanx.errors import InputError
from phalanx.logs.chunk import SPLIT_COLUMNS, NativeChunk
from phalanx.logs.content import LogFile
from phalanx.logs.decompress import DecompressionError
from phalanx.logs.options import ReadOptions
from phalanx.logs.quality import Quality
from phalanx.logs.reader import LogReader
from phalanx.logs.schema import MAPPABLE_COLUMNS, REQUIRED_COLUMNS

_NO_LOGS = (
    b"",
    b"\0" * 64,
    b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    b"\x89PNG\r\n\x1a\n",
    b"<html><body>not a log</body></html>",
    b"# A heading\n\nSome prose, with commas, in it.\n",
    bytes(range(256)),
)
_READABLE_FAILURES = (InputError, OSError, pa.ArrowException, DecompressionError, UnicodeError)


@dataclass(frozen=True, slots=True)
class Example:
    """A small log in the format of a reader."""

    content: bytes = field(repr=False)
    """The file."""

    rows: int
    """Rows that the reader must find in it; at least one."""


class LogReaderContract:
    """Inherit, and set `reader` and `examples`."""

    reader: LogReader
    """Reader under test."""

    examples: Sequence[Example] = ()
    """At least one log that it reads."""

    def test_has_a_name(self) -> None:
        """A reader has a short lower-case name for messages."""
        name = self.reader.name
        _require(name == name.lower().strip() != "", f"name is {name!r}")

    def test_recognises_its_own_format(self) -> None:
        """A reader is sure of each example, and no surer than 1."""
        _require(len(self.examples) > 0, "the contract needs an example")
        for example in self.examples:
            certainty = self.reader.recognises(example.content[: 256 << 10])
            _require(0.0 < certainty <= 1.0, f"certainty is {certainty} for {example}")

    def test_leaves_what_is_no_log(self) -> None:
        """A reader claims neither empty files nor pictures, prose or noise."""
        for head in _NO_LOGS:
            certainty = self.reader.recognises(head)
            _require(certainty < 0.2, f"certainty is {certainty} for {head[:20]!r}")

    def test_reads_its_examples(self, tmp_path: Path) -> None:
        """Every row is found, with columns of the native table and rising positions."""
        for example in self.examples:
            quality = Quality()
            chunks = self._read(tmp_path, example.content, quality)
            rows = sum(chunk.rows for chunk in chunks)
            _require(rows == example.rows, f"{rows} rows instead of {example.rows}")
            _require(not quality.rejects, f"rejected: {quality.rejects}")
            positions: list[int] = []
            for chunk in chunks:
                self._require_sound(chunk)
                positions += [int(position) for position in chunk.positions]
            _require(positions == sorted(positions), "positions go back")
            _require(not positions or positions[0] >= 1, "positions count from 1")

    def test_carries_the_required_columns(self, tmp_path: Path) -> None:
        """The required columns are there in every chunk, whatever their type."""
        for example in self.examples:
            for chunk in self._read(tmp_path, example.content, Quality()):
                missing = set(REQUIRED_COLUMNS) - set(chunk.columns)
                _require(not missing, f"missing {missing}")

    def test_survives_damage(self, tmp_path: Path) -> None:
        """A damaged file ends in fewer rows or in an error that names the file."""
        for example in self.examples:
            content = example.content
            for step in range(1, 16):
                cut = len(content) * step // 16
                self._try(tmp_path, content[:cut])
                self._try(tmp_path, content[:cut] + b"\xff\0" + content[cut + 2 :])
                self._try(tmp_path, content[:cut] + content[cut + 7 :])

    def _read(self, folder: Path, content: bytes, quality: Quality) -> list[NativeChunk]:
        path = folder / "example"
        path.write_bytes(content)
        return list(self.reader.read(LogFile(path), ReadOptions(), quality))

    def _try(self, folder: Path, content: bytes) -> None:
        try:
            chunks = self._read(folder, content, Quality())
        except _READABLE_FAILURES:
            return
        for chunk in chunks:
            self._require_sound(chunk)

    def _require_sound(self, chunk: NativeChunk) -> None:
        known = {*MAPPABLE_COLUMNS, *SPLIT_COLUMNS}
        unknown = set(chunk.columns) - known
        _require(not unknown, f"unknown columns {unknown}")
        _require(len(chunk.positions) == chunk.rows, "one position a row")
        for name, column in chunk.columns.items():
            _require(len(column) == chunk.rows, f"{name} has {len(column)} of {chunk.rows} rows")


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not condition:
        raise AssertionError(message)
