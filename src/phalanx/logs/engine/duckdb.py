"""DuckDB in this process: the engine for one machine."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.logs.engine.memory import Memory
from phalanx.logs.engine.protocol import Kernel, Reduced, Sighting
from phalanx.logs.exchange_log import ExchangeLog
from phalanx.scratch import scratch_folder

_LARGEST_DICTIONARY = 20_000
"""Values of one row group. Most columns are hashes that hardly repeat: trying whether they do
costs as much as compressing them."""


class DuckDBEngine:
    """DuckDB in this process, with a memory limit and a spill directory of its own.

    Parameters:
        memory_limit_bytes: What DuckDB may hold before it spills to disk.
        threads: Worker threads, at least 1.
        directory: Where intermediate files go; null makes a temporary directory, removed
            when the engine closes.

    Examples:
        >>> with DuckDBEngine(memory_limit_bytes=100_000_000, threads=1) as engine:
        ...     numbers = ibis.memtable(pa.table({"a": [1, 2]}))
        ...     engine.connection.to_pyarrow(numbers.a.sum()).as_py()
        3
    """

    name = "duckdb"

    def __init__(
        self, *, memory_limit_bytes: int, threads: int, directory: Path | None = None
    ) -> None:
        """Open the engine; nothing is read yet."""
        self._scratch = ExitStack()
        self.directory = self._scratch.enter_context(scratch_folder(directory))
        self._threads = threads
        self.connection = ibis.duckdb.connect(
            temp_directory=str(self.directory / "spill"),
            memory_limit=f"{memory_limit_bytes // 1_000_000}MB",
            threads=threads,
            preserve_insertion_order=False,
        )

    def __enter__(self) -> Self:
        """Return the engine."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection and remove intermediate files."""
        self.connection.disconnect()
        self._scratch.close()

    def read(self, log: ExchangeLog, kernel: Kernel) -> tuple[ibis.Table, Memory]:
        """Run a kernel over a log, on all threads, and keep the result as a table.

        Parameters:
            log: Not read yet.
            kernel: Releases the interpreter lock where it is slow.

        Raises:
            InputError: If the log cannot be read, or no row can be used.
        """
        path = self.directory / "rows.parquet"
        memory = reduce_into(path, log.batches(), kernel, self._threads)
        return self.connection.read_parquet(path), memory

    def write(self, table: ibis.Table, path: Path) -> None:
        """Write a table as one Parquet file.

        Parameters:
            table: An expression over what `read` returned.
            path: In a folder that exists.
        """
        self.connection.to_parquet(
            table, path, compression="zstd", dictionary_size_limit=_LARGEST_DICTIONARY
        )


def reduce_into(
    path: Path, batches: Iterable[pa.RecordBatch], kernel: Kernel, threads: int
) -> Memory:
    """Run a kernel over batches, on threads of this process, into a Parquet file.

    Parameters:
        path: File for the kernel's rows, in the order of the batches.
        batches: Read once.
        kernel: Releases the interpreter lock where it is slow.
        threads: At least 1.

    Returns:
        What hashes in the file stand for.
    """
    memory = Memory()
    with pq.ParquetWriter(
        path, kernel.schema, compression="none", use_dictionary=False, write_statistics=False
    ) as writer:
        for result in _in_order(batches, kernel, threads):
            writer.write_batch(result.rows)
            for sighting in result.sightings:
                _remember(memory, sighting)
    return memory


def _remember(memory: Memory, sighting: Sighting) -> None:
    """Keep what is new; most names were seen before, and need no Python text each."""
    hashes, texts = sighting.hashes.tolist(), sighting.texts
    if sighting.rows is None:
        known = memory.texts(sighting.what)
        new = [index for index, code in enumerate(hashes) if code not in known]
        hashes, texts = [hashes[index] for index in new], texts.take(pa.array(new, pa.int64()))
    memory.add(sighting.what, hashes, texts.to_pylist())


def _in_order(batches: Iterable[pa.RecordBatch], kernel: Kernel, threads: int) -> Iterator[Reduced]:
    """Map with a bounded number of batches in flight, so that memory stays flat."""
    waiting: deque[Future[Reduced]] = deque()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for batch in batches:
            waiting.append(pool.submit(kernel, batch))
            if len(waiting) > threads + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
