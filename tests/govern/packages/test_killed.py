"""Packing and redacting that are killed anywhere: a package is whole, or it is not there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.govern.packages.conftest import POLICY, Case
from tests.killed import every_kill, holding, there_in

from phalanx.govern.packages import redact, verify_package

SECRET = b'{"prompt": "secret"}'


def test_a_packing_that_is_killed_anywhere(case: Case, tmp_path: Path) -> None:
    """Leaves a package that verifies or none; and the next one removes what it had put aside."""
    folder = tmp_path / "packages"
    folder.mkdir()
    there = 0

    def look(step: int) -> None:
        nonlocal there
        if (folder / "package").exists():
            verify_package(folder / "package", POLICY, case.ledgers)
            shutil.rmtree(folder / "package")
            there += 1
        case.packed(folder / f"after-{step}")
        assert there_in(folder) == [f"after-{step}"]
        shutil.rmtree(folder / f"after-{step}")

    assert every_kill(lambda: case.packed(folder / "package"), look) > 20
    assert there < 10
    verify_package(folder / "package", POLICY, case.ledgers)


def test_a_redaction_that_is_killed_anywhere(case: Case, tmp_path: Path) -> None:
    """Shows nothing of what is taken away, not even aside, where others may already look."""
    package, folder = case.packed(tmp_path / "package"), tmp_path / "for the other side"
    folder.mkdir()

    def copied(name: str) -> None:
        redact(package, folder / name, POLICY, records=["log"], ledgers=case.ledgers)

    def look(step: int) -> None:
        assert holding(folder, SECRET) == []
        assert holding(folder, b"The log") == []
        if (folder / "copy").exists():
            assert verify_package(folder / "copy", POLICY, case.ledgers).missing_records == 1
            shutil.rmtree(folder / "copy")
        copied(f"after-{step}")
        assert there_in(folder) == [f"after-{step}"]
        shutil.rmtree(folder / f"after-{step}")

    assert holding(package, SECRET)
    assert holding(package, b"The log")
    assert every_kill(lambda: copied("copy"), look) > 20
    assert verify_package(folder / "copy", POLICY, case.ledgers).missing_records == 1


def test_what_cannot_be_noted_is_not_packed(case: Case, tmp_path: Path) -> None:
    """Whoever notes packages hears of one before it is out."""
    with pytest.raises(ZeroDivisionError):
        case.packed(tmp_path / "package", recorded=lambda _: 1 // 0)
    assert not (tmp_path / "package").exists()
