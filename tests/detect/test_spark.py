"""Spark and DuckDB give the same values, down to the last one."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from inspect import getmembers, isfunction
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from phalanx.detect import ScanConfig, ScanResult, scan, tables
from phalanx.detect.narrow import NARROW_SCHEMA, Names, Narrowing, narrow
from phalanx.errors import InputError
from phalanx.formats.json import render
from phalanx.logs import ExchangeLog, ReadOptions, open_log
from phalanx.logs.engine import DuckDBEngine, Engine, Reduced
from phalanx.logs.engine.spark import SparkEngine

pytestmark = pytest.mark.slow

KEY = bytes(range(100, 132))
STEP_HOURS = 6

# One case for each function of `tables`; what is missing here fails below.
COLUMNS = ("band0", "exact")
VALUES = pa.table(
    {
        "column": [tables.VALUE_COLUMNS.index(name) for name in COLUMNS for _ in range(3)],
        "hash": [(2**60 + 7) * code for code in range(1, 4)] * 2,
        "value": range(4, 10),
    }
)


def carried(table: ibis.Table) -> ibis.Table:
    """Return what exchanges carry in two columns."""
    return ibis.union(*(tables.carried_values(table, name) for name in COLUMNS))


GROUPS = pa.table({"account": range(1, 21), "group": [account % 4 for account in range(1, 21)]})
RELEASED = {2**60 + 7: 80_000, 2 * (2**60 + 7): 80_010}
CASES: dict[str, Callable[[ibis.Table], pa.Table]] = {
    "accounts": tables.accounts,
    "account_steps": lambda table: tables.account_steps(table, STEP_HOURS),
    "carried_values": lambda table: carried(table).to_pyarrow(),
    "shared_values": lambda table: tables.shared_values(carried(table)),
    "value_uses": lambda table: tables.value_uses(carried(table), VALUES),
    "shared_requests": lambda table: tables.shared_requests(table).to_pyarrow(),
    "first_sendings": lambda table: tables.first_sendings(tables.shared_requests(table)),
    "conversations": tables.conversations,
    "new_prompts": tables.new_prompts,
    "models": tables.models,
    "programs": tables.programs,
    "new_models": lambda table: tables.new_models(table, RELEASED, 12),
    "openings": lambda table: tables.openings(table, GROUPS),
}


class Given:
    """A kernel that ignores the log and returns a table made for the test."""

    def __init__(self, table: pa.Table) -> None:
        """Keep the table."""
        self.table = table
        self.schema = table.schema

    def __call__(self, batch: pa.RecordBatch) -> Reduced:
        """Return as many rows as came."""
        return Reduced(self.table.slice(0, batch.num_rows).combine_chunks().to_batches()[0])


def crowded(rows: int) -> pa.Table:
    """Return a narrow table in which everything collides: times, values, draws."""
    generator = np.random.default_rng(7)
    columns = {
        each.name: generator.integers(0, 5, rows) * (1 if each.type != pa.int64() else 2**60 + 7)
        for each in NARROW_SCHEMA
    }
    step = generator.integers(80_000, 80_024, rows)
    width = STEP_HOURS * 3_600_000_000
    columns |= {
        "account": generator.integers(1, 41, rows),
        "step": step,
        "timestamp": step * width + generator.integers(0, 3, rows) * 3_600_000_000,
        "draw": generator.integers(0, 2**52, rows) * 1024 + generator.integers(0, 2, rows),
        "input_tokens": generator.integers(0, 900, rows),
        "output_tokens": generator.integers(-1, 900, rows),
        "capabilities": generator.integers(0, 1 << 8, rows),
    }
    return pa.table({each.name: pa.array(columns[each.name], each.type) for each in NARROW_SCHEMA})


def rows_of(count: int) -> ExchangeLog:
    """Return a log with so many exchanges."""
    row = {"timestamp": "2026-01-01", "account_id": "a", "model": "m", "prompt": "Hi"}
    return open_log(pa.Table.from_pylist([row] * count))


@pytest.fixture(scope="module")
def both(spark: SparkEngine) -> Any:
    """Return one crowded table on both engines."""
    given = Given(crowded(4_000))
    with DuckDBEngine(memory_limit_bytes=10**9, threads=2) as duckdb:
        yield [engine.read(rows_of(4_000), given)[0] for engine in (duckdb, spark)]


def ordered(table: pa.Table) -> pa.Table:
    """Order rows by everything: engines promise no order."""
    return table.combine_chunks().sort_by([(name, "ascending") for name in table.column_names])


@pytest.mark.parametrize("name", CASES)
def test_aggregates_agree_value_by_value(name: str, both: Any) -> None:
    """Each aggregate has equal columns, types and values."""
    on_duckdb, on_spark = (CASES[name](table) for table in both)
    assert on_duckdb.num_rows
    assert on_spark.schema.names == on_duckdb.schema.names
    assert on_spark.schema.types == on_duckdb.schema.types
    assert ordered(on_spark) == ordered(on_duckdb)


def test_every_aggregate_is_compared() -> None:
    """A new function of `tables` needs a case here."""
    public = {
        name
        for name, function in getmembers(tables, isfunction)
        if function.__module__ == tables.__name__ and not name.startswith("_")
    }
    assert public == set(CASES)


def test_ties_are_broken_by_the_smallest_value(both: Any) -> None:
    """Of one instant the smallest draw counts, then the smallest value, on every engine."""
    table = crowded(4_000)
    names = ("account", "ip", "timestamp", "draw")
    account, ip, timestamp, draw = (table[name].to_numpy() for name in names)
    for result in map(tables.accounts, both):
        for row in result.to_pylist():
            mine = (account == row["account"]) & (ip != 0)
            first = mine & (timestamp == timestamp[mine].min())
            short = draw % 1024
            drawn = first & (short == short[first].min())
            assert row["ip"] == ip[drawn].min()


@pytest.fixture(scope="module")
def folder(naive: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a log as Parquet in folders, with rows that repeat and rows that cannot be used."""
    log = naive.exchanges
    folder = tmp_path_factory.mktemp("lake")
    (folder / "a day").mkdir()
    broken = log.slice(0, 50).set_column(
        log.schema.get_field_index("account_id"), "account_id", pa.nulls(50, pa.string())
    )
    changed = pc.binary_join_element_wise(log["prompt"].slice(200, 3_000), " Again.", "")
    repeated = log.slice(200, 3_000).set_column(
        log.schema.get_field_index("prompt"), "prompt", changed
    )
    half = log.num_rows // 2
    pq.write_table(repeated, folder / "a day" / "late 100%[1].parquet")
    pq.write_table(log.slice(0, half), folder / "b.parquet", row_group_size=9_000)
    pq.write_table(pa.concat_tables([broken, log.slice(half)]), folder / "c.parquet")
    return folder


def names_as_values(names: Names) -> Any:
    """Return the names as plain values."""
    return {what: dict(values) for what, values in names.values.items()}, dict(names.excerpts)


def test_workers_read_what_this_machine_reads(
    spark: SparkEngine, folder: Path, tmp_path: Path
) -> None:
    """Rows, names, excerpts, rejects, notes and columns are equal; repeats are found."""
    seen = []
    with DuckDBEngine(memory_limit_bytes=10**9, threads=2) as duckdb:
        for engine in (duckdb, spark):
            rejects = tmp_path / f"{engine.name}.jsonl"
            log = open_log(str(folder), ReadOptions(pseudonym_key=KEY, rejects_path=rejects))
            table, names = read_with(engine, log)
            listed = sorted(rejects.read_text(encoding="utf-8").splitlines())
            seen.append((ordered(table.to_pyarrow()), names_as_values(names), listed, log))
    (rows, names_here, listed, here), (worker_rows, worker_names, worker_listed, there) = seen
    assert worker_rows == rows
    assert worker_names == names_here
    assert worker_listed == listed
    assert (there.rejects, there.rows, there.columns) == (here.rejects, here.rows, here.columns)
    assert there.rejects["exchange_id of the account seen before"] == 3_000
    assert there.notes == here.notes
    assert there.inputs.keys() == here.inputs.keys()
    assert (there.readers, there.has_prompts) == (here.readers, here.has_prompts)


def test_workers_read_columns_of_any_type(spark: SparkEngine, small: Any, tmp_path: Path) -> None:
    """Nanoseconds, codes, messages, nested and mapped fields: as the local readers take them."""
    log = small.exchanges.slice(0, 2_000)
    rows = log.num_rows
    message = [[{"role": "user", "content": text}] for text in log["prompt"].to_pylist()]
    organisations = pa.StructArray.from_arrays(
        [log["organisation"].combine_chunks(), pa.array(range(rows))], ["name", "code"]
    )
    odd = pa.table(
        {
            "time": log["timestamp"].cast(pa.timestamp("ns", "UTC")),
            "account_id": log["account_id"].dictionary_encode(),
            "model": log["model"].cast(pa.large_string()),
            "prompt": pa.array(message),
            "about": organisations,
            "response": log["response"],
            "status": pa.array([200.0 if row % 3 else None for row in range(rows)]),
            "n": pa.array([row % 4 for row in range(rows)], pa.uint32()),
            "client_ip": pa.array([b"192.0.2.7" if row % 5 else b"?" for row in range(rows)]),
            "tags": pa.array([[("seat", f"s{row % 9}")] for row in range(rows)],
                             pa.map_(pa.string(), pa.string())),
            "created": pa.array([f"2026-01-{1 + row % 28:02}" for row in range(rows)]),
            "max_tokens": pa.array(["512" if row % 7 else "many" for row in range(rows)]),
        }
    )  # fmt: skip
    path = tmp_path / "odd.parquet"
    pq.write_table(odd, path)
    columns = {
        "timestamp": "time",
        "organisation": "about.name",
        "payment_fingerprint": "tags.seat",
        "account_created_at": "created",
        "asn": "about.code",
        "country": "nowhere",
    }
    seen = []
    with DuckDBEngine(memory_limit_bytes=10**9, threads=2) as duckdb:
        for engine in (duckdb, spark):
            opened = open_log(str(path), ReadOptions(columns=columns, pseudonym_key=KEY))
            table, _ = read_with(engine, opened)
            seen.append((ordered(table.to_pyarrow()), opened.notes, opened.columns))
    assert seen[1] == seen[0]
    assert seen[0][1]["max_tokens: value of a wrong type or size, left empty"] == 286


def read_with(engine: Engine, log: ExchangeLog) -> tuple[ibis.Table, Names]:
    """Narrow a log."""
    return narrow(engine, log, Narrowing(key=KEY, keep_excerpts=True, step_hours=STEP_HOURS))


def concluded(result: ScanResult) -> Any:
    """Return all that a scan concluded."""
    document = json.loads(render(result))
    del document["run"]
    return document


@pytest.fixture(scope="module")
def on_duckdb(folder: Path) -> ScanResult:
    """Scan on DuckDB."""
    return scan(str(folder), config("duckdb"))


def config(engine: Any) -> ScanConfig:
    """Return the settings of these scans."""
    return ScanConfig(
        engine=engine, master="local[2]", pseudonym_key=KEY, false_discovery_rate=0.1, threads=1
    )


def test_a_scan_concludes_the_same(spark: SparkEngine, folder: Path, on_duckdb: ScanResult) -> None:
    """The same campaigns, accounts and e-values; the record names the engine."""
    on_spark = scan(str(folder), config(spark.name))
    assert on_duckdb.campaigns
    for here, there in zip(on_duckdb.campaigns, on_spark.campaigns, strict=True):
        assert there.campaign_id == here.campaign_id
        assert there.facts.members == here.facts.members
        assert there.judgement.log10_e == pytest.approx(here.judgement.log10_e, abs=1e-9)
    assert concluded(on_spark) == concluded(on_duckdb)
    assert on_spark.accounts == on_duckdb.accounts
    assert on_spark.run.engine == "spark"
    assert "pyspark" in on_spark.run.versions


def test_a_store_goes_on_with_either_engine(spark: SparkEngine, small: Any, tmp_path: Path) -> None:
    """Days that the engines read in turn conclude what one scan of all of them does."""
    log, store = small.exchanges, str(tmp_path / "a.store")
    at, first = log["timestamp"], pc.min(log["timestamp"]).as_py()
    bounds = [first.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=day)
              for day in (0, 2, 3, 9)]  # fmt: skip
    for name, start, end in zip(("duckdb", spark.name, "duckdb"), bounds, bounds[1:], strict=False):
        part = tmp_path / f"{start:%d}.parquet"
        inside = pc.and_(pc.greater_equal(at, start), pc.less(at, end))
        pq.write_table(log.filter(inside), part)
        found = scan(str(part), replace(config(name), store=store, since="last"))
    assert concluded(found) == concluded(scan(log, config("duckdb")))


def test_other_formats_are_read_here_and_handed_over(spark: SparkEngine, naive: Any) -> None:
    """A table in memory is judged the same."""
    few = naive.exchanges.slice(0, 20_000)
    results = [concluded(scan(few, config(name))) for name in ("duckdb", spark.name)]
    assert results[0] == results[1]


def test_a_table_of_a_catalogue_is_read_by_name(spark: SparkEngine, small: Any) -> None:
    """Rows of a table without files are told apart too."""
    table = small.exchanges.slice(0, 3_000)
    twice = pa.concat_tables([table, table.slice(0, 10)])
    spark.session.createDataFrame(twice).createOrReplaceTempView("exchanges")
    log = open_log("iceberg:exchanges")
    read, _ = read_with(spark, log)
    assert log.rows == read.count().to_pyarrow().as_py() == 3_000
    assert dict(log.rejects) == {"exchange_id of the account seen before": 10}
    assert dict(log.inputs) == {"iceberg:exchanges": "table"}


@pytest.mark.parametrize("source", ["iceberg:no.such.table", "file:///no/such/folder"])
def test_what_does_not_exist_is_bad_input(source: str, spark: SparkEngine) -> None:
    """A name that the cluster does not know is the user's to correct."""
    with pytest.raises(InputError, match=source):
        read_with(spark, open_log(source))


def test_the_key_stands_in_no_event_and_no_plan(
    spark: SparkEngine, spark_events: Path, folder: Path
) -> None:
    """What Spark writes down about a scan, its user interface reads: the key is not in it."""
    table, _ = read_with(spark, open_log(str(folder), ReadOptions(pseudonym_key=KEY)))
    plan = spark.session.sql(f"EXPLAIN EXTENDED {ibis.to_sql(table, dialect='pyspark')}").collect()
    events = b"".join(path.read_bytes() for path in spark_events.rglob("*") if path.is_file())
    assert b"SparkListenerJobEnd" in events
    written = events + plan[0][0].encode()
    for spelling in (KEY, KEY.hex().encode(), base64.b64encode(KEY)[:40], repr(KEY).encode()):
        assert spelling not in written
