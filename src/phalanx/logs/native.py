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
from phalanx.logs.options import ReadOptions
from phalanx.logs.quality import Quality


class NativeReader:
    """Reads the table that `phalanx.logs.schema.NATIVE_COLUMNS` describes."""

    name = "native"

    def recognises(self, head: bytes) -> float:
        """Be certain of Parquet and Arrow, half sure of JSON, less of delimited text."""
        if head.startswith((PARQUET_MAGIC, ARROW_MAGIC, ARROW_STREAM_MAGIC)):
            return 1.0
        return 0.0

    def read(
        self, file: LogFile, options: ReadOptions, quality: Quality
    ) -> Iterator[NativeChunk]:
        """Yield the rows of a file, by the reader of its form."""
        if file.head.startswith(PARQUET_MAGIC):
            yield from read_parquet(file, options, quality)
        elif file.head.startswith(ARROW_MAGIC):
            yield from read_arrow_file(file, options, quality)
        else:
            yield from read_arrow_stream(file, options, quality)
