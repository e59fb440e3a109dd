"""A ledger whose beginning is killed anywhere can be begun, or is there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.govern.ledger.test_ledger import TIME, event
from tests.killed import every_kill

from phalanx.govern.ledger import begin_ledger, open_ledger


def test_a_ledger_whose_beginning_is_killed_anywhere(tmp_path: Path) -> None:
    """What was half begun is begun to its end by the same command, and records."""
    folder = tmp_path / "ledger"

    def begun() -> None:
        begin_ledger(folder, "lab.example/ledger", TIME)

    def look(_: int) -> None:
        if not (folder / "origin").exists():
            begun()
        ledger = open_ledger(folder)
        ledger.record([event(0)], os.urandom, TIME)
        assert ledger.check() == 1
        assert ledger.key.name == "lab.example/ledger"
        shutil.rmtree(folder)

    assert every_kill(begun, look) > 10
    assert open_ledger(folder).check() == 0
