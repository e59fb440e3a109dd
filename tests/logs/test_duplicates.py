"""Exchange identifiers that come twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from phalanx.logs.duplicates import SeenIdentifiers
from phalanx.logs.siphash import hash_key

Row = Callable[..., dict[str, Any]]
Lines = Callable[..., Path]
Read = Callable[..., Any]

_cells = st.none() | st.text(st.characters(codec="utf-8"), max_size=10)


@given(st.lists(st.lists(_cells, max_size=20), max_size=6))
def test_first_wins(columns: list[list[str | None]]) -> None:
    """An identifier is marked when it came before, in this column or an earlier one."""
    seen = SeenIdentifiers()
    known: set[str] = set()
    for cells in columns:
        column = pa.array(["pad", *cells], pa.string()).slice(1)
        expected = []
        for cell in cells:
            expected.append(cell is not None and cell in known)
            known |= {cell} if cell is not None else set()
        assert seen.duplicates(column).tolist() == expected


def test_many_identifiers_are_kept_apart() -> None:
    """Half a million like identifiers, added in parts, have no false duplicate."""
    seen = SeenIdentifiers()
    for start in range(0, 500_000, 20_000):
        part = pa.array(np.arange(start, start + 20_000)).cast(pa.string())
        assert not seen.duplicates(part).any()
    again = pa.array(np.arange(0, 500_000, 7)).cast(pa.string())
    assert seen.duplicates(again).all()


def test_prepared_identifiers_are_not_taken_for_one() -> None:
    """An identifier computed to collide in a hash without a key does not push out another."""
    column = pa.array(["e6z3n7ezjaeh1nrwcf8N\x03= 1", "victim-exchange-0001abcd"])
    for key in range(20):
        seen = SeenIdentifiers(hash_key(bytes([key])))
        assert not seen.duplicates(column).any()
        assert seen.duplicates(column).all()


def test_duplicates_are_rejects_across_files(lines: Lines, row: Row, read: Read) -> None:
    """The first of two rows with one identifier wins, wherever the second stands."""
    first = lines(
        row(0, exchange_id="x"),
        row(1, exchange_id="y"),
        row(2, exchange_id="x"),
        row(3),
        row(4),
        name="a.jsonl",
    )
    second = lines(row(5, exchange_id="y"), row(6, exchange_id="z"), name="b.jsonl")
    table, log = read([first, second])
    assert table["account_id"].to_pylist() == ["user-0", "user-1", "user-3", "user-4", "user-6"]
    assert log.rejects == {"exchange_id seen before": 2}


def test_a_rejected_row_does_not_hold_its_identifier(
    lines: Lines, row: Row, read: Read, tmp_path: Path
) -> None:
    """A row that cannot be used does not push out the good row behind it."""
    path = lines(row(0, exchange_id="x", timestamp="?"), row(1, exchange_id="x"), row(2))
    listed = tmp_path / "rejects.jsonl"
    table, log = read(path, rejects_path=listed)
    assert table["account_id"].to_pylist() == ["user-1", "user-2"]
    assert log.rejects == {"timestamp missing or unreadable": 1}
    assert [json.loads(line)["line"] for line in listed.read_text().splitlines()] == [1]
