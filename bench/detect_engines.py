"""Growth of each relational stage with the log, on DuckDB and on Spark, and what Spark shuffles.

Each engine and size runs in a process of its own. The stages are those that an engine runs:
reading into the narrow table, and every aggregate of `phalanx.detect.tables`; replay and record
run on the driver whatever the engine, and are measured by a whole scan on DuckDB. Shuffled bytes
come from Spark's own event log. The projection multiplies the bytes per exchange of the largest
run: identifiers and prompts grow with the log here, so it is linear.

Run `python bench/detect_engines.py`; `--smoke` takes 20,000 exchanges. Without pyspark and
Java only DuckDB is measured.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from detect_speed import EXCHANGES_PER_ACCOUNT, write_log
from process_tree import ProcessTree
from results import peak_memory_bytes, print_table, save

if TYPE_CHECKING:
    from phalanx.logs.engine import Engine

MEMORY_BYTES = 1_500_000_000
DRIVER_MEMORY_BYTES = 3_000_000_000
DAY = 1_000_000_000
"""Exchanges of the day that shuffles are projected to."""

STEP_HOURS = 6
"""Steps of replay as a scan takes them; shorter ones make more rows of account and step."""

_WRITTEN = "internal.metrics.shuffle.write.bytesWritten"


class Clock:
    """Wall and CPU seconds of each stage, which Spark's event log knows by the same name.

    CPU seconds are those of this process and all that it started, so they compare engines
    when other work shares the machine.
    """

    def __init__(self, describe: Callable[[str], None]) -> None:
        """Start with no stage."""
        self.seconds: dict[str, float] = {}
        self.cpu_seconds: dict[str, float] = {}
        self._describe = describe
        self._tree = ProcessTree()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage."""
        self._describe(name)
        start, start_cpu = time.perf_counter(), self._tree.cpu_seconds()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 2)
        self.cpu_seconds[name] = round(self._tree.cpu_seconds() - start_cpu, 2)


def aggregate(table: ibis.Table, clock: Clock) -> dict[str, int]:
    """Run every aggregate; return the bytes of each result."""
    from phalanx.detect import tables
    from phalanx.detect.tables import VALUE_COLUMNS

    def measured(name: str, compute: Callable[[], pa.Table]) -> pa.Table:
        with clock.stage(name):
            result = compute()
        sizes[name] = int(result.nbytes)
        return result

    sizes: dict[str, int] = {}
    measured("accounts", lambda: tables.accounts(table))
    measured("account_steps", lambda: tables.account_steps(table, STEP_HOURS))
    measured("new_prompts", lambda: tables.new_prompts(table))
    measured("conversations", lambda: tables.conversations(table))
    for column in VALUE_COLUMNS:
        carried = tables.carried_values(table, column)
        measured(f"{column}: values", partial(tables.shared_values, carried))
    measured("models", lambda: tables.models(table))
    return sizes


def measure(engine_name: str, log_path: Path) -> dict[str, object]:
    """Read a log on one engine and run every aggregate."""
    from phalanx.detect.narrow import Narrowing, narrow
    from phalanx.logs import open_log

    with tempfile.TemporaryDirectory() as events:
        engine, describe = open_engine(engine_name, events)
        clock = Clock(describe)
        with engine:
            log = open_log(log_path)
            with clock.stage("read"):
                table, _ = narrow(
                    engine, log, Narrowing(key=bytes(32), keep_excerpts=True, step_hours=STEP_HOURS)
                )
            results = aggregate(table, clock)
            stored = stored_bytes(engine)
        shuffled = shuffled_bytes(Path(events)) if engine_name == "spark" else {}
    return {
        "exchanges": log.rows,
        "seconds": clock.seconds,
        "cpu_seconds": clock.cpu_seconds,
        "driver_peak_gb": round(peak_memory_bytes() / 1e9, 2),
        "stored_bytes": stored,
        "result_bytes": results,
        "shuffled_bytes": shuffled,
    }


def open_engine(name: str, events: str) -> tuple[Engine, Callable[[str], None]]:
    """Open an engine, and return what names a stage to it."""
    from phalanx.logs.engine import DuckDBEngine

    if name == "duckdb":
        engine = DuckDBEngine(memory_limit_bytes=MEMORY_BYTES, threads=2)
        return engine, lambda _name: None
    from phalanx.logs.engine.spark import SparkEngine

    settings = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.dir": Path(events).as_uri(),
    }
    spark = SparkEngine("local[2]", settings, memory_limit_bytes=DRIVER_MEMORY_BYTES, threads=2)
    return spark, spark.session.sparkContext.setJobDescription


def stored_bytes(engine: Engine) -> int:
    """Return the size of the narrow table as the engine keeps it."""
    from phalanx.logs.engine import DuckDBEngine
    from phalanx.logs.engine.spark import SparkEngine

    if isinstance(engine, SparkEngine):
        kept = engine.session.sparkContext._jsc.sc().getRDDStorageInfo()  # noqa: SLF001
        return sum(int(each.memSize() + each.diskSize()) for each in kept)
    if isinstance(engine, DuckDBEngine):
        return sum(file.stat().st_size for file in engine.directory.glob("*.parquet"))
    return 0


def shuffled_bytes(events: Path) -> dict[str, int]:
    """Add up what the stages of each name wrote for shuffles."""
    names: dict[int, str] = {}
    written: defaultdict[str, int] = defaultdict(int)
    for path in events.iterdir():
        for line in path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["Event"] == "SparkListenerStageSubmitted":
                described = (event.get("Properties") or {}).get("spark.job.description", "other")
                names[event["Stage Info"]["Stage ID"]] = described
            elif event["Event"] == "SparkListenerStageCompleted":
                stage = event["Stage Info"]
                for counter in stage["Accumulables"]:
                    if counter["Name"] == _WRITTEN:
                        written[names[stage["Stage ID"]]] += int(counter["Value"])
    return dict(written)


def measure_scan(log_path: Path) -> dict[str, object]:
    """Scan on DuckDB: the stages after the aggregates are the same on every engine."""
    from phalanx.detect import ScanConfig, scan

    result = scan(log_path, ScanConfig(memory_limit_bytes=MEMORY_BYTES))
    return {
        "exchanges": result.population.exchanges,
        "seconds": {name: round(value, 2) for name, value in result.run.stage_seconds.items()},
        "driver_peak_gb": round(peak_memory_bytes() / 1e9, 2),
    }


def in_own_process(name: str, path: Path) -> dict[str, object]:
    """Run one measurement in a fresh interpreter."""
    command = [sys.executable, __file__, "--measure", name, "--log", str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def report(results: dict[str, dict[str, object]]) -> None:
    """Print seconds per stage, and bytes per exchange with their projection."""
    engines = {name: figures for name, figures in results.items() if "result_bytes" in figures}
    for unit in ("seconds", "cpu_seconds"):
        stages = list(next(iter(engines.values()))[unit])  # type: ignore[call-overload]
        print_table(
            f"{unit} of each stage",
            ["engine, exchanges", *stages],
            [[name, *(f[unit][stage] for stage in stages)] for name, f in engines.items()],  # type: ignore[index]
        )
    print_table(
        "A whole scan on DuckDB",
        ["exchanges", "seconds of each stage", "peak GB"],
        [
            [f["exchanges"], f["seconds"], f["driver_peak_gb"]]
            for name, f in results.items()
            if name not in engines
        ],
    )
    for name, figures in engines.items():
        exchanges = int(figures["exchanges"])  # type: ignore[call-overload]
        shuffled, fetched = figures["shuffled_bytes"], figures["result_bytes"]
        moved = {"narrow table, stored": figures["stored_bytes"]}
        moved |= {f"{stage}, shuffled": size for stage, size in shuffled.items()}  # type: ignore[attr-defined]
        moved |= {f"{stage}, to the driver": size for stage, size in fetched.items()}  # type: ignore[attr-defined]
        print_table(
            f"Bytes per exchange: {name}",
            ["what", "bytes per exchange", f"GB at {DAY:,} exchanges"],
            [
                [what, round(size / exchanges, 1), round(size / exchanges * DAY / 1e9, 1)]
                for what, size in moved.items()
            ],
        )


def main() -> None:
    """Measure every size and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[250_000, 1_000_000, 5_000_000])
    parser.add_argument("--engines", nargs="+", default=["duckdb", "spark"])
    parser.add_argument("--smoke", action="store_true", help="20,000 exchanges")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measured = (
            measure_scan(arguments.log)
            if arguments.measure == "scan"
            else measure(arguments.measure, arguments.log)
        )
        print(json.dumps(measured))
        return
    if find_spec("pyspark") is None or shutil.which("java") is None:
        print("Spark is not measured: pyspark or Java is missing")
        arguments.engines.remove("spark")
    results: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for rows in [20_000] if arguments.smoke else arguments.rows:
            path = Path(folder) / f"exchanges-{rows}.parquet"
            write_log(rows, rows // EXCHANGES_PER_ACCOUNT, path)
            for name in (*arguments.engines, "scan"):
                results[f"{name}, {rows:,}"] = in_own_process(name, path)
                print(name, rows, json.dumps(results[f"{name}, {rows:,}"]), flush=True)
            path.unlink()
    report(results)
    save("detect_engines", {"smoke": arguments.smoke, "results": results})


if __name__ == "__main__":
    main()
