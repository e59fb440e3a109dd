"""`phalanx gateway calibrate` and `watch`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.gateway_online_view import alerts_json, alerts_text
from phalanx.cli.gateway_online_work import WatchRun
from phalanx.prevent.online.alerts import Alert
from phalanx.prevent.online.budget import Budget
from phalanx.prevent.online.reference import Reference
from phalanx.prevent.online.watch import WatchCounts

NOW = datetime(2026, 6, 1, tzinfo=UTC)
POLICY = Path(__file__).parents[2] / "examples" / "gateway_policy.toml"
LENIENT = ("--fdr", "0.5", "--share", "0.9", "--pools", "1", "--epochs", "3")


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
                "timestamp": NOW + timedelta(minutes=1.55 * number),
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
    assert "150 accounts of 2026-06-01 to 2026-06-02; epochs of 1 days, 3 in all" in said
    assert "run scans with --fdr 0.05" in said

    moved = _log(tmp_path / "moved.parquet", 6)
    arguments = ("--reference", str(into))
    assert _run(tmp_path, "watch", moved, *arguments) == ExitCode.CLEAN
    text = capsys.readouterr().out
    assert "1,800 answers of 150 accounts and 0 undeclared pools, against 150 accounts" in text
    # A reference of so few can tell no single account.
    assert "raised: 0 pools, 0 accounts" in text
    assert _run(tmp_path, "watch", moved, *arguments, "-f", "json") == ExitCode.CLEAN
    assert not capsys.readouterr().out


def test_alerts_are_told_with_what_they_rest_on() -> None:
    """And how the watch stands; as lines of JSON too, which a program reads back."""
    alert = Alert(
        kind="pool", name="pool-1", at=NOW, log10_e=5.5, level_log10_e=5.3, listed=1,
        hypotheses=200, statistics={"harvest": 6.0}, accounts=60, answers=4_000, scan=3,
        reference="0" * 64, list_rate=0.0009,
    )  # fmt: skip
    counts = WatchCounts(
        epoch=0, is_over=True, accounts=7, unwatched_answers=2, pools=1, unwatched_pools=3,
        raised_accounts=0, raised_pools=1, fits=False,
    )  # fmt: skip
    budget = Budget(false_discovery_rate=0.01, share=0.2, epochs=1, accounts=7, pools=200)
    reference = Reference(
        size=9, begins=NOW, ends=NOW, epoch_days=1, largest={}, value_weights={}, budget=budget,
        left_out={},
    )  # fmt: skip
    run = WatchRun(reference=reference, alerts=(alert,), counts=counts, answers=4_100)
    assert alerts_text(run) == (
        "4,100 answers of 7 accounts and 1 undeclared pools, against 9 accounts\n"
        "2026-06-01 00:00 pool pool-1: 10^5.5, level 10^5.3, 4,000 answers of 60 accounts\n"
        "raised: 1 pools, 0 accounts\n"
        "2 answers were of accounts beyond those watched\n"
        "3 pools were beyond those watched\n"
        "the reference does not fit: too many accounts are far out; nobody is raised\n"
        "the reference is used up: calibrate again\n"
    )
    said = json.loads(alerts_json(run))
    assert (said["code"], said["name"], said["scan"]) == ("PHX-G012", "pool-1", 3)
    assert said["schema"] == "phalanx.gateway-online-alert/1"


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
