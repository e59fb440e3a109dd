"""The list of rejected rows while it is written."""

from __future__ import annotations

import json
from pathlib import Path

from phalanx.logs.quality import RejectsFile


def test_two_runs_with_one_target_do_not_meet(tmp_path: Path) -> None:
    """Two lists for one place are both written whole; the one that ends last stays."""
    path = tmp_path / "rejects.jsonl"
    first, second = RejectsFile(path), RejectsFile(path)
    first.add("a.csv", "line", [1, 2], "broken")
    second.add("b.csv", "line", [7], "broken")
    first.finish()
    assert [json.loads(line)["line"] for line in path.read_text().splitlines()] == [1, 2]
    second.finish()
    assert [json.loads(line)["line"] for line in path.read_text().splitlines()] == [7]
    assert list(tmp_path.iterdir()) == [path]
