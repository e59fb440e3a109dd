"""`phalanx govern case pack`, killed anywhere: no package is out that the case does not know."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.test_govern_case import case, opened
from tests.killed import every_kill

from phalanx.cli import ExitCode, govern_packages, main
from phalanx.govern.cases import Packed, open_cases
from phalanx.govern.ledger import open_ledger
from phalanx.govern.packages.layout import NOTE
from phalanx.store import place_of
from phalanx.transparency.checkpoints import parse_checkpoint
from phalanx.transparency.notes import parse_note

__all__ = ["opened"]
WORDS = ("--key", "cases.key", "--signer", "lab.example/cases", "--out")


@pytest.fixture
def as_person(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Sign in as somebody."""
    monkeypatch.setenv("LOGNAME", "ana")
    return monkeypatch


def _root(package: Path) -> str:
    note = parse_note((package / NOTE).read_bytes(), "package")
    return parse_checkpoint(note.text, "package").root.hex()


def _noted() -> set[str]:
    """Return the roots of the packages that the case knows, after checking all of it."""
    ledger = open_ledger(Path("ledger"))
    with open_cases(place_of("cases.db"), lambda: datetime.now(UTC), ledger) as cases:
        cases.log()
        cases.check()
        ledger.check()
        acts = [each.act for each in cases.entries("case-7")]
    return {act.root for act in acts if isinstance(act, Packed)}


@pytest.mark.slow
@pytest.mark.usefixtures("opened")
def test_a_case_whose_packing_is_killed_anywhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package that is there verifies, and the case and the ledger know of it; all goes on."""
    # What draws the report has threads, which a fork does not take along.
    monkeypatch.setattr(govern_packages, "court_report", lambda *_, **__: b"%PDF-1.7")
    assert case("add", "case-7", "report", "report.json") == ExitCode.CLEAN
    folder = Path("packages")
    seen = set()

    def look(_: int) -> None:
        package = folder / "package"
        if package.exists():
            seen.add(_root(package))
            shutil.rmtree(package)
        assert seen <= _noted()

    def packed() -> None:
        assert case("pack", "case-7", *WORDS, str(folder / "package")) == ExitCode.CLEAN

    assert every_kill(packed, look, by=3) > 20
    assert seen
    assert {_root(folder / "package")} | seen <= _noted()
    capsys.readouterr()
    assert case("pack", "case-7", *WORDS, str(folder / "last")) == ExitCode.CLEAN
    Path("cases.policy").write_text(capsys.readouterr().out)
    believed = ["--policy", "cases.policy", "--ledgers", "ledger.policy"]
    for each in ("package", "last"):
        assert main(["govern", "verify", str(folder / each), *believed]) == ExitCode.CLEAN
    assert sorted(each.name for each in folder.iterdir()) == ["last", "package"]
