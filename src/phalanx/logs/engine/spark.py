"""Spark: the engine for more exchanges than one machine can take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from phalanx.logs.duplicates import REPEATED
from phalanx.logs.engine.duckdb import reduce_into
from phalanx.logs.engine.memory import Memory
from phalanx.logs.engine.protocol import Kernel
from phalanx.logs.engine.spark_session import is_local, open_session, spark_errors, translate
from phalanx.logs.engine.spark_source import FileOrder, SparkSource, open_source, readable_by_spark
from phalanx.logs.engine.spark_worker import (
    COLUMN,
    NOTE,
    REJECT,
    SIGHTING,
    WorkerTask,
    worker_schema,
)
from phalanx.logs.exchange_log import ExchangeLog, Tally
from phalanx.logs.native import NativeReader
from phalanx.logs.quality import Quality
from phalanx.scratch import scratch_folder

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ArrowMap = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


class SparkEngine:
    """A session of Spark, opened and stopped with the engine, or a branch of the open one.

    Parquet files and tables of a lake are read, conformed and reduced in the workers. Other
    logs are read on this machine and handed over.

    Parameters:
        master: `local[N]`, `spark://HOST:PORT`, `yarn` or `k8s://URL`.
        settings: Of Spark, as `--spark-conf` gives them.
        memory_limit_bytes: Heap of this process' Java.
        threads: Threads that reduce what is read on this machine, at least 1.

    Raises:
        ConfigError: If the master is none.
        MissingExtraError: If pyspark or Java is missing.
        ServiceError: If the cluster cannot be reached.
    """

    name = "spark"

    def __init__(
        self,
        master: str,
        settings: Mapping[str, str],
        *,
        memory_limit_bytes: int,
        threads: int,
    ) -> None:
        """Reach the cluster; nothing is read yet."""
        self._where = f"Spark at {master}"
        self._shares_files = is_local(master)
        self._threads = threads
        opened = open_session(master, settings, memory_limit_bytes=memory_limit_bytes)
        self.session, self._ours = opened.session, opened.ours
        self._kept: list[DataFrame] = []
        self._numbers = count()
        self._scratch = ExitStack()
        self._directory = self._scratch.enter_context(scratch_folder())
        self.connection = ibis.pyspark.connect(self.session)

    def __enter__(self) -> Self:
        """Return the engine."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop what was started; what Spark raised meanwhile becomes an error of Phalanx."""
        if self._ours:
            self.session.stop()
        else:
            for frame in self._kept:
                frame.unpersist()
        self._scratch.close()
        translated = None if error is None else translate(error, self._where)
        if translated is not None:
            raise translated from error

    def read(self, log: ExchangeLog, kernel: Kernel) -> tuple[ibis.Table, Memory]:
        """Run a kernel over a log, in the workers where they can read it, and keep the result.

        Parameters:
            log: Not read yet.
            kernel: Pickled and sent, with whatever secret it holds.

        Raises:
            InputError: If the log cannot be read, or no row can be used.
            ServiceError: If the cluster failed.
        """
        if readable_by_spark(log):
            rows, memory = self._read_in_workers(log, kernel)
        else:
            rows, memory = self._read_here(log, kernel)
        view = f"phalanx_rows_{next(self._numbers)}"
        rows.createOrReplaceTempView(view)
        return self.connection.table(view), memory

    def write(self, table: ibis.Table, path: Path) -> None:
        """Write a table as one Parquet file of this machine, step by step: one fits in memory.

        Parameters:
            table: An expression over what `read` returned, with a column `step`.
            path: In a folder that exists.

        Raises:
            ServiceError: If the cluster failed.
        """
        schema = table.schema().to_pyarrow()
        with spark_errors(self._where), pq.ParquetWriter(path, schema, compression="zstd") as file:
            for step in sorted(table.select("step").distinct().to_pyarrow()["step"].to_pylist()):
                file.write_table(table.filter(table.step == step).to_pyarrow().cast(schema))

    def _read_here(self, log: ExchangeLog, kernel: Kernel) -> tuple[DataFrame, Memory]:
        path = self._directory / f"rows-{next(self._numbers)}.parquet"
        memory = reduce_into(path, log.batches(), kernel, self._threads)
        with spark_errors(self._where):
            if self._shares_files:
                return self.session.read.parquet(path.as_uri()), memory
            return self.session.createDataFrame(pq.read_table(path)), memory

    def _read_in_workers(self, log: ExchangeLog, kernel: Kernel) -> tuple[DataFrame, Memory]:
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 - an extra

        quality = Quality()
        source = open_source(self.session, log, quality)
        options = replace(
            log.options, now=log.options.now or datetime.now(UTC), rejects_path=None, columns={}
        )
        task = WorkerTask(options, kernel, source.order.hashes, source.order.numbers)
        with spark_errors(self._where):
            self.session.conf.set(
                "spark.sql.execution.arrow.maxRecordsPerBatch", str(options.batch_rows)
            )
            schema = from_arrow_schema(worker_schema(kernel))
            # Kept, because reading is the longest stage and every aggregate starts from here.
            stream = source.frame.mapInArrow(_as_function(task), schema).persist()
            self._kept.append(stream)
            rows, lost = _without_repeats(stream)
            memory = _memory(stream, lost)
            tally = _tally(stream, rows, lost, source, quality)
        log.take_down(tally)
        return rows.select(*kernel.schema.names), memory


def _as_function(task: WorkerTask) -> ArrowMap:
    """Give the task a name that Spark can show in its plans: they must not show the task."""

    def reduce_exchanges(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return task(batches)

    return reduce_exchanges


def _without_repeats(stream: DataFrame) -> tuple[DataFrame, DataFrame | None]:
    """Return the exchanges without later ones of the same identifier, and those, if any."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415

    exchanges = stream.filter(F.col("aside").isNull())
    repeated = (
        exchanges.filter(F.col("exchange") != 0)
        .groupBy("exchange")
        .agg(F.min("position").alias("first"), F.count(F.lit(1)).alias("times"))
        .filter(F.col("times") > 1)
        .select("exchange", "first")
        .persist()
    )
    if repeated.isEmpty():
        return exchanges, None
    lost = (
        exchanges.select("exchange", "position")
        .join(repeated, "exchange")
        .filter(F.col("position") > F.col("first"))
        .select("position")
        .persist()
    )
    return exchanges.join(lost, "position", "left_anti"), lost


def _memory(stream: DataFrame, lost: DataFrame | None) -> Memory:
    """Bring together what the workers saw; a repeated exchange was not seen."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415

    seen = stream.filter(F.col("aside") == SIGHTING)
    if lost is not None:
        seen = seen.join(lost, "position", "left_anti")
    table = seen.groupBy("label", "number").agg(F.min("text").alias("text")).toArrow()
    memory = Memory()
    for what in table["label"].unique().to_pylist():
        part = table.filter(pc.equal(table["label"], what))
        memory.add(what, part["number"].to_pylist(), part["text"].to_pylist())
    return memory


def _tally(
    stream: DataFrame,
    rows: DataFrame,
    lost: DataFrame | None,
    source: SparkSource,
    quality: Quality,
) -> Tally:
    from pyspark.sql import functions as F  # noqa: N812, PLC0415

    def beside(kind: str) -> DataFrame:
        return stream.filter(F.col("aside") == kind)

    notes = Counter(quality.notes)
    for what, times in beside(NOTE).groupBy("label").agg(F.sum("number")).collect():
        notes[what] += int(times)
    rejects = [(row.label, row.position) for row in beside(REJECT).collect()]
    if lost is not None:
        rejects += [(REPEATED, row.position) for row in lost.collect()]
    carried = {row.label for row in beside(COLUMN).select("label").distinct().collect()}
    return Tally(
        rows=rows.count(),
        columns=frozenset(carried - {"prompt"}),
        has_prompts="prompt" in carried,
        inputs=source.order.inputs,
        readers=dict.fromkeys(source.order.inputs, NativeReader.name),
        notes=notes,
        rejects=_placed(rejects, source.order),
    )


def _placed(rejects: list[tuple[str, int]], order: FileOrder) -> list[tuple[str, str, int]]:
    rejects.sort(key=lambda reject: (reject[1], reject[0]))
    placed = ((reason, order.place(position)) for reason, position in rejects)
    return [(file, reason, row) for reason, (file, row) in placed]
