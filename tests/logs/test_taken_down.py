"""A log that somebody else has read says what was read as if it had done so itself."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from phalanx.errors import InputError
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.exchange_log import Tally

TALLY = Tally(
    rows=7,
    columns=frozenset({"asn"}),
    has_prompts=True,
    inputs={"a.parquet": "12 bytes"},
    readers={"a.parquet": "native"},
    notes=Counter({"mended": 2}),
    rejects=[("a.parquet", "no time", 3), ("a.parquet", "no time", 5)],
)


def test_counts_and_list_are_taken_over(tmp_path: Path) -> None:
    """Counts, columns, inputs, and the list of rejected rows."""
    path = tmp_path / "rejects.jsonl"
    log = open_log("iceberg:a.b.c", ReadOptions(rejects_path=path))
    log.take_down(TALLY)
    assert (log.rows, log.columns, dict(log.inputs)) == (
        7,
        frozenset({"asn"}),
        {"a.parquet": "12 bytes"},
    )
    assert (dict(log.rejects), dict(log.notes)) == ({"no time": 2}, {"mended": 2})
    listed = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert listed == [{"file": "a.parquet", "row": row, "reason": "no time"} for row in (3, 5)]


def test_a_log_is_read_once() -> None:
    """Twice would count twice."""
    log = open_log("iceberg:a.b.c")
    log.take_down(TALLY)
    with pytest.raises(ValueError, match="only once"):
        log.take_down(TALLY)


def test_no_row_is_an_error_here_too(tmp_path: Path) -> None:
    """The reasons are named, and no half list is left."""
    log = open_log("iceberg:a.b.c", ReadOptions(rejects_path=tmp_path / "rejects.jsonl"))
    with pytest.raises(InputError, match="no time: 2"):
        log.take_down(replace(TALLY, rows=0))
    assert not list(tmp_path.iterdir())
