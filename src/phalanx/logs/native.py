"""Reader of the native table: Parquet, Arrow IPC, JSON lines and CSV."""

from __future__ import annotations

from collections.abc import Iterator

from phalanx.logs.chunk import NativeChunk
from phalanx.logs.columnar import (
    ARROW_MAGIC,
    ARROW_STREAM_MAGIC,
    PARQUET_MAGIC,
    read_arrow_file,
    read_arrow_stream,
    read_parquet,
)
from phalanx.logs.content import LogFile
from phalanx.logs.delimited import header_of, read_delimited
from phalanx.logs.json_head import first_keys, looks_like_json
from phalanx.logs.json_lines import read_json
from phalanx.logs.options import ReadOptions
from phalanx.logs.quality import Quality
from phalanx.logs.schema import NATIVE_COLUMNS


class NativeReader:
    """Reads the table that `phalanx.logs.schema.NATIVE_COLUMNS` describes."""

    name = "native"

    def recognises(self, head: bytes) -> float:
        """Be certain of Parquet and Arrow, half sure of JSON, less of delimited text."""
        if head.startswith((PARQUET_MAGIC, ARROW_MAGIC, ARROW_STREAM_MAGIC)):
            return 1.0
        if looks_like_json(head):
            return 0.5 if set(first_keys(head)) & set(NATIVE_COLUMNS) else 0.1
        header = header_of(head)
        if header is None:
            return 0.0
        return 0.4 if set(header.names) & set(NATIVE_COLUMNS) else 0.05

    def read(self, file: LogFile, options: ReadOptions, quality: Quality) -> Iterator[NativeChunk]:
        """Yield the rows of a file, by the reader of its form."""
        head = file.head()
        if head.startswith(PARQUET_MAGIC):
            yield from read_parquet(file, options, quality)
        elif head.startswith(ARROW_MAGIC):
            yield from read_arrow_file(file, options, quality)
        elif head.startswith(ARROW_STREAM_MAGIC):
            yield from read_arrow_stream(file, options, quality)
        elif looks_like_json(head):
            yield from read_json(file, options, quality)
        else:
            yield from read_delimited(file, options, quality)
