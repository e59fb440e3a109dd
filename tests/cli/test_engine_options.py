"""`phalanx scan --engine spark`: what it refuses, and with which status."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from phalanx.cli import ExitCode, main

Captured = pytest.CaptureFixture[str]


def test_without_the_extra_the_status_is_2(
    log: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "pyspark", None)
    status = main(["scan", str(log), "--engine", "spark", "--clear-identifiers"])
    assert status == ExitCode.BAD_INPUT
    assert "make spark" in capsys.readouterr().err


def test_a_cluster_that_does_not_answer_has_status_3(log: Path, capsys: Captured) -> None:
    """Port 9 of this machine is no cluster."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    options = ["--engine", "spark", "--master", "spark://127.0.0.1:9", "--clear-identifiers"]
    assert main(["scan", str(log), *options]) == ExitCode.SERVICE_FAILED
    assert "cannot be reached" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--master", "local[2]"],
        ["--spark-conf", "spark.executor.memory=8g"],
        ["--engine", "spark", "--spark-conf", "executor.memory=8g"],
        ["--engine", "spark", "--master", "head:7077"],
    ],
)
def test_options_that_say_nothing_are_refused(
    options: list[str], log: Path, capsys: Captured
) -> None:
    """A setting that would be ignored is a mistake."""
    status = main(["scan", str(log), "--clear-identifiers", *options])
    assert status == ExitCode.BAD_INPUT
    assert "Next: " in capsys.readouterr().err


def test_a_table_of_a_lake_needs_spark(capsys: Captured) -> None:
    """The message names the option that reads it."""
    status = main(["scan", "delta:/lake/exchanges", "--clear-identifiers"])
    assert status == ExitCode.BAD_INPUT
    assert "--engine spark" in capsys.readouterr().err
