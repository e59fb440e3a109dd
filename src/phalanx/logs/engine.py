"""The relational engine: the only place that knows which one it is.

Expressions are written once, in Ibis, and run on DuckDB inside this process. Text never
reaches the engine: kernels reduce it to integers first.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import ibis
import pyarrow as pa
import pyarrow.parquet as pq


class DuckDBEngine:
    """DuckDB in this process, with a memory limit and a spill directory of its own.

    Parameters:
        memory_limit_bytes: What DuckDB may hold before it spills to disk.
        threads: Worker threads, at least 1.
        directory: Where intermediate files go; null makes a temporary directory, removed
            when the engine closes.

    Examples:
        >>> with DuckDBEngine(memory_limit_bytes=100_000_000, threads=1) as engine:
        ...     engine.memory_table(pa.table({"a": [1, 2]})).a.sum().to_pyarrow().as_py()
        3
    """

    name = "duckdb"

    def __init__(
        self, *, memory_limit_bytes: int, threads: int, directory: Path | None = None
    ) -> None:
        """Open the engine; nothing is read yet."""
        self._temporary = tempfile.TemporaryDirectory(prefix="phalanx-", dir=directory)
        self.directory = Path(self._temporary.name)
        self.threads = threads
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
        self._temporary.cleanup()

    def memory_table(self, table: pa.Table) -> ibis.Table:
        """Bring a small table into the engine."""
        return ibis.memtable(table)

    def map_batches(
        self,
        batches: Iterable[pa.RecordBatch],
        kernel: Callable[[pa.RecordBatch], pa.RecordBatch],
        schema: pa.Schema,
        name: str,
    ) -> ibis.Table:
        """Run a kernel over batches, on all threads, and keep the result as a table.

        Parameters:
            batches: Read once, in order.
            kernel: Releases the interpreter lock where it is slow.
            schema: Of what the kernel returns.
            name: Of the intermediate file.

        Returns:
            The concatenated results, in the order of the batches.
        """
        path = self.directory / f"{name}.parquet"
        with pq.ParquetWriter(
            path, schema, compression="none", use_dictionary=False, write_statistics=False
        ) as writer:
            for result in _in_order(batches, kernel, self.threads):
                writer.write_batch(result)
        return self.connection.read_parquet(path)

    def checkpoint(self, table: ibis.Table, name: str) -> ibis.Table:
        """Materialise an expression once, so that later ones do not repeat it."""
        path = self.directory / f"{name}.parquet"
        table.to_parquet(path, compression="none")
        return self.connection.read_parquet(path)


def _in_order(
    batches: Iterable[pa.RecordBatch],
    kernel: Callable[[pa.RecordBatch], pa.RecordBatch],
    threads: int,
) -> Iterator[pa.RecordBatch]:
    """Map with a bounded number of batches in flight, so that memory stays flat."""
    waiting: deque[Future[pa.RecordBatch]] = deque()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for batch in batches:
            waiting.append(pool.submit(kernel, batch))
            if len(waiting) > threads + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
