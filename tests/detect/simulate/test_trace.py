"""Arrival traces: gaps and hours that replace the built-in ones."""

from __future__ import annotations

import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from phalanx.detect.simulate import SimulationConfig, simulate
from phalanx.detect.simulate.trace import arrival_shape
from phalanx.errors import InputError

CONFIG = SimulationConfig(
    benign_accounts=150, benign_mix={"coding": 1.0}, campaigns=(), days=5, seed=4
)
NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)


def test_gaps_have_mean_one(tmp_path: Path) -> None:
    """Only the shape of the gaps is kept, not their scale."""
    seconds = np.cumsum(np.random.default_rng(0).exponential(3.0, 500))
    pq.write_table(pa.table({"timestamp": seconds}), tmp_path / "trace.parquet")
    shape = arrival_shape(tmp_path / "trace.parquet")
    assert shape.gaps is not None
    assert shape.gaps.mean() == pytest.approx(1.0)
    assert shape.hours is None


def test_hours_are_taken_from_a_trace_of_a_day(tmp_path: Path) -> None:
    """A trace that covers a day moves the traffic to its hours."""
    stamps = [NOON + timedelta(days=at // 100, seconds=30 * (at % 100)) for at in range(300)]
    pq.write_table(pa.table({"timestamp": stamps}), tmp_path / "trace.parquet")
    simulation = simulate(replace(CONFIG, arrival_trace=tmp_path / "trace.parquet"))
    hours = [time.hour for time in simulation.exchanges["timestamp"].to_pylist()]
    assert np.mean([12 <= hour <= 14 for hour in hours]) > 0.9


@pytest.mark.parametrize("text", [True, False])
def test_csv_traces_are_read(tmp_path: Path, *, text: bool) -> None:
    """Times may be written as text or as seconds."""
    values = [(NOON + timedelta(seconds=at)).isoformat() if text else float(at) for at in range(60)]
    pacsv.write_csv(pa.table({"timestamp": values}), tmp_path / "trace.csv")
    shape = arrival_shape(tmp_path / "trace.csv")
    assert shape.gaps is not None
    assert set(np.round(shape.gaps, 6)) == {1.0}


def test_csv_logs_with_prompts_are_traces(tmp_path: Path) -> None:
    """Line breaks in other columns are no obstacle, and an error repeats no text of a row."""
    path = tmp_path / "trace.csv"
    rows = [f'{at},"two\nlines"\n' for at in range(60)]
    path.write_text("".join(["timestamp,prompt\n", *rows]))
    assert arrival_shape(path).gaps is not None
    path.write_text("".join(["timestamp,prompt\n", *rows, "1,secret,secret\n"]))
    with pytest.raises(InputError, match=r"could be read \(row 62\)") as caught:
        arrival_shape(path)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_equal_times_keep_the_built_in_gaps(tmp_path: Path) -> None:
    """A trace without any gap cannot shape gaps."""
    pq.write_table(pa.table({"timestamp": [5.0] * 40}), tmp_path / "trace.parquet")
    assert arrival_shape(tmp_path / "trace.parquet").gaps is None


@pytest.mark.parametrize(
    "table",
    [pa.table({"timestamp": [1.0, 2.0]}), pa.table({"when": [1.0] * 50}),
     pa.table({"timestamp": [[1]] * 50})],
)  # fmt: skip
def test_a_useless_trace_is_refused(tmp_path: Path, table: pa.Table) -> None:
    """Too few arrivals, no column, no times: the message names the file."""
    pq.write_table(table, tmp_path / "trace.parquet")
    with pytest.raises(InputError, match=r"trace\.parquet"):
        arrival_shape(tmp_path / "trace.parquet")


@pytest.mark.parametrize(
    "text", ["2023-11-16 19:14:{:02d}.1234567", "2023-11-16T19:14:{:02d}+02:00"]
)
def test_text_times_with_and_without_zone(tmp_path: Path, text: str) -> None:
    """Seven digits of a second, or a zone, are no obstacle."""
    stamps = [text.format(second) for second in range(40)]
    pq.write_table(pa.table({"timestamp": stamps}), tmp_path / "trace.parquet")
    shape = arrival_shape(tmp_path / "trace.parquet")
    assert shape.gaps is not None
    assert set(np.round(shape.gaps, 6)) == {1.0}
