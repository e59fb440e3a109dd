"""Planting campaigns into a log that exists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from phalanx.detect.simulate import (
    CampaignPlan,
    Simulation,
    SimulationConfig,
    inject,
    leak_test,
    simulate,
)
from phalanx.detect.simulate.inject import HOST_CLASS
from phalanx.errors import InputError

Ask = Callable[[Simulation, str], list[tuple[Any, ...]]]


def config(evasion: str) -> SimulationConfig:
    """Plan one campaign."""
    plan = CampaignPlan(name="planted", accounts=60, attack_class="rubric")
    return SimulationConfig(campaigns=(plan,), seed=9, evasion=evasion)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def log(honest: Simulation) -> pa.Table:
    """Return a log with one column more and two fewer than the native table."""
    table = honest.exchanges.drop_columns(["tls_fingerprint", "response"])
    return table.append_column("tenant", pa.array(range(table.num_rows)))


@pytest.mark.parametrize("evasion", ["E0", "E3", "E6"])
def test_the_log_stays_whole(log: pa.Table, evasion: str) -> None:
    """Every row of the log is still there, unchanged, and the columns are its own."""
    simulation = inject(log, config(evasion))
    assert simulation.exchanges.schema == log.schema
    kept = simulation.exchanges.filter(pc.is_valid(simulation.exchanges["tenant"]))
    assert kept.sort_by("tenant").equals(log.sort_by("tenant"))
    assert simulation.exchanges.num_rows == simulation.rows > log.num_rows


def test_rows_are_in_order_of_time(log: pa.Table) -> None:
    """Planted rows stand where their time puts them."""
    times = inject(log, config("E2")).exchanges["timestamp"].to_pylist()
    assert times == sorted(times)


def test_labels_separate_host_and_campaign(log: pa.Table) -> None:
    """Accounts of the log are labelled `host`, planted ones with campaign and class."""
    labels = inject(log, config("E2")).labels.to_pylist()
    planted = [row for row in labels if row["campaign"]]
    assert {row["traffic_class"] for row in planted} == {"rubric"}
    assert len(planted) == 60
    assert {row["traffic_class"] for row in labels if not row["campaign"]} == {HOST_CLASS}
    assert len({row["account_id"] for row in labels}) == len(labels)


def test_planted_values_are_those_of_the_log(log: pa.Table, ask: Ask) -> None:
    """Clients, models, providers and countries of planted accounts occur in the log."""
    simulation = inject(log, config("E6"))
    for column in ("user_agent", "model", "asn", "country", "endpoint", "max_tokens"):
        rows = ask(
            simulation,
            f"""SELECT count(*) FROM (SELECT DISTINCT {column} FROM x WHERE campaign IS NOT NULL
            EXCEPT SELECT DISTINCT {column} FROM x WHERE campaign IS NULL)""",  # noqa: S608  (columns of this test)
        )
        assert rows == [(0,)], column


def test_no_single_field_gives_planted_accounts_away(log: pa.Table) -> None:
    """At E6 every field alone separates with an AUC under 0.75, in a real log too."""
    simulation = inject(log, config("E6"))
    areas = leak_test(simulation.exchanges, simulation.labels)
    assert "tenant" not in areas
    assert max(areas.values()) < 0.75


def test_planting_is_repeatable(log: pa.Table, tmp_path: Path) -> None:
    """The same seed plants the same campaign, byte by byte."""
    first, _ = inject(log, config("E5")).write(tmp_path / "first")
    second, _ = inject(log, config("E5")).write(tmp_path / "second")
    assert first.read_bytes() == second.read_bytes()


def test_identifiers_look_like_the_logs(honest: Simulation) -> None:
    """A log with numbered users gets numbered users."""
    ids = honest.exchanges["account_id"].combine_chunks().dictionary_encode()
    named = pc.binary_join_element_wise("user-", pc.add(ids.indices, 100).cast(pa.string()), "")
    at = honest.exchanges.column_names.index("account_id")
    table = honest.exchanges.set_column(at, "account_id", named)
    labels = inject(table, config("E1")).labels.to_pylist()
    planted = {row["account_id"] for row in labels if row["campaign"]}
    assert all(name.startswith("user-") and name[5:].isdigit() for name in planted)
    assert len(planted) == 60
    assert not planted & set(named.to_pylist())


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl", ".arrow"])
def test_logs_are_read_from_files(tmp_path: Path, suffix: str) -> None:
    """Parquet, CSV, JSON lines and Arrow files are accepted, with the required columns only."""
    small = simulate(SimulationConfig(benign_accounts=20, campaigns=(), days=2, seed=1)).exchanges
    table = small.select(["timestamp", "account_id", "model", "prompt"])
    path = tmp_path / f"log{suffix}"
    if suffix == ".parquet":
        pq.write_table(table, path)
    elif suffix == ".arrow":
        with pa.ipc.new_file(path, table.schema) as sink:
            sink.write_table(table)
    elif suffix == ".csv":
        pacsv.write_csv(table, path)
    else:
        import json

        rows = table.to_pylist()
        text = "".join(
            json.dumps(row | {"timestamp": row["timestamp"].isoformat()}) + "\n" for row in rows
        )
        path.write_text(text)
    simulation = inject(path, config("E4"))
    assert simulation.exchanges.column_names == table.column_names
    assert simulation.labels.num_rows == len(table["account_id"].unique()) + 60


def test_times_without_a_zone_are_utc(log: pa.Table) -> None:
    """A log whose times carry no zone is taken as UTC."""
    naive = pc.cast(log["timestamp"], pa.timestamp("ms"), safe=False)
    table = log.set_column(log.column_names.index("timestamp"), "timestamp", naive)
    earliest = inject(table, config("E0")).exchanges["timestamp"][0].as_py()
    assert isinstance(earliest, datetime)
    assert earliest.utcoffset() is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop_columns(["prompt"]), "prompt"),
        (lambda t: t.slice(0, 0), "no row"),
        (lambda t: t.set_column(0, "timestamp", pa.array(["noon"] * t.num_rows)), "timestamp"),
        (lambda t: t.append_column("n", pa.array(["many"] * t.num_rows)), "`n`"),
    ],
)
def test_a_log_that_cannot_be_used_is_refused(
    change: Callable[[pa.Table], pa.Table], words: str
) -> None:
    """The message says which column or what is missing."""
    small = simulate(SimulationConfig(benign_accounts=10, campaigns=(), days=1, seed=1)).exchanges
    table = change(small.select(["timestamp", "account_id", "model", "prompt"]))
    with pytest.raises(InputError, match=words) as caught:
        inject(table, config("E0"))
    assert caught.value.next_step


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    """A file of noise is an input error with its path."""
    path = tmp_path / "noise.parquet"
    path.write_bytes(b"\x00\x01noise")
    with pytest.raises(InputError, match=r"noise\.parquet"):
        inject(path, config("E0"))


def test_only_rows_without_account_or_time_are_left_out(log: pa.Table) -> None:
    """A row that names nobody cannot be labelled; every other row stays."""
    holed = log.set_column(
        log.column_names.index("account_id"),
        "account_id",
        pc.if_else(pc.equal(log["tenant"], 3), None, log["account_id"]),
    )
    simulation = inject(holed, config("E2"))
    kept = set(simulation.exchanges["tenant"].drop_null().to_pylist())
    assert kept == set(range(log.num_rows)) - {3}
