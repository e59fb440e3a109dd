"""`phalanx gateway calibrate` and `watch`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phalanx.cli import ExitCode, main

NOW = datetime(2026, 6, 1, tzinfo=UTC)
POLICY = Path(__file__).parents[2] / "examples" / "gateway_policy.toml"
LENIENT = ("--fdr", "0.5", "--share", "0.9", "--pools", "1", "--epochs", "1")


def _log(path: Path, harvesters: int) -> Path:
    """Write two days of 150 accounts, of which some do nothing but harvest."""
    rows = []
    for number in range(150 * 12):
        account = number % 150
        harvests = account < harvesters
        prompt = "Think step by step, then grade the following answer." if harvests else "Hello"
        rows.append(
            {
                "exchange_id": f"r{number}",
                "timestamp": NOW + timedelta(minutes=1.7 * number),
                "account_id": f"acct_{account}",
                "model": "large",
                "prompt": f"{prompt} {number if harvests else account % 7}",
                "output_tokens": 900 if harvests else 1 + account % 30,
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def _run(folder: Path, command: str, log: Path, *more: str) -> int:
    return main(
        [
            "gateway", command, str(log), "--policy", str(POLICY), "--clear-identifiers",
            "--key", str(folder / "gateway.key"), *more,
        ]
    )  # fmt: skip


def test_a_reference_is_made_and_logs_are_watched_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what it is of, which rate is left to scans, and who would have been raised."""
    into = tmp_path / "reference.json"
    honest = _log(tmp_path / "honest.parquet", 0)
    assert _run(tmp_path, "calibrate", honest, "--into", str(into), *LENIENT) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "150 accounts of 2026-06-01 to 2026-06-03; epochs of 2 days, 1 in all" in said
    assert "run scans with --fdr 0.05" in said

    moved = _log(tmp_path / "moved.parquet", 6)
    arguments = ("--reference", str(into))
    assert _run(tmp_path, "watch", moved, *arguments) == ExitCode.CLEAN
    text = capsys.readouterr().out
    assert "1,800 answers of 150 accounts and 0 undeclared pools, against 150 accounts" in text
    assert _run(tmp_path, "watch", moved, *arguments, "-f", "json") == ExitCode.CLEAN
    alerts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert f"raised: 0 pools, {len(alerts)} accounts" in text
    assert {each["name"] for each in alerts} <= {f"acct_{each}" for each in range(6)}
    assert all(each["log10_e"] >= each["level_log10_e"] - 1e-9 for each in alerts)


def test_too_few_accounts_are_refused_with_the_usual_rate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no reference is written."""
    into = tmp_path / "reference.json"
    honest = _log(tmp_path / "honest.parquet", 0)
    assert _run(tmp_path, "calibrate", honest, "--into", str(into)) == ExitCode.BAD_INPUT
    assert "too small" in capsys.readouterr().err
    assert not into.exists()


def test_a_file_that_is_no_reference_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what makes one."""
    log = _log(tmp_path / "honest.parquet", 0)
    (tmp_path / "other.json").write_text("{}")
    assert (
        _run(tmp_path, "watch", log, "--reference", str(tmp_path / "other.json")) != ExitCode.CLEAN
    )
    assert "phalanx gateway calibrate" in capsys.readouterr().err
