"""Backups on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.govern.cases.conftest import Clock, House

from phalanx.cli import ExitCode, main
from phalanx.govern.cases import open_cases
from phalanx.store import place_of


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases in `cases.db`."""
    monkeypatch.chdir(tmp_path)
    with open_cases(place_of("cases.db"), Clock()) as cases:
        house = House(cases, tmp_path)
        house.open()
        house.gather("report", b"{}")


@pytest.mark.usefixtures("kept")
def test_a_backup_is_taken_checked_and_brought_back(capsys: pytest.CaptureFixture[str]) -> None:
    """With the digest that was printed."""
    assert main(["store", "backup", "cases.db", "--out", "backup"]) == ExitCode.CLEAN
    said = capsys.readouterr()
    sha256 = said.out.strip()
    assert "backup: cases of " in said.err
    assert "and 1 files" in said.err
    assert main(["store", "check", "backup", "--sha256", sha256]) == ExitCode.CLEAN
    words = ["store", "restore", "backup", "new.db", "--sha256", sha256]
    assert main(words) == ExitCode.CLEAN
    capsys.readouterr()
    assert main(["govern", "case", "list", "--cases", "new.db", "-f", "json"]) == ExitCode.CLEAN
    (row,) = json.loads(capsys.readouterr().out)
    assert row["id"] == "case-7"
    assert main(["govern", "case", "check", "--cases", "new.db"]) == ExitCode.CLEAN
    assert main(words) == ExitCode.BAD_INPUT
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("backup none.db --out b", "there is no database"),
        ("backup report.json --out b", "not a store"),
        ("backup cases.db --out b --room hub", "holds cases"),
        ("backup cases.db --out cases.db", "is there already"),
        ("backup cases.db --out b --folder none", "cannot be read"),
        ("check none", "cannot be read"),
        ("restore none new.db", "cannot be read"),
    ],
)
def test_bad_input_is_told_in_a_line(
    words: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do next."""
    assert main(["store", *words.split()]) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert why in said
    assert "Next: " in said
    assert not Path("b").exists()
