"""Exchange identifiers that come twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
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
        accounts = pa.array(["", *["u"] * len(cells)], pa.string()).slice(1)
        expected = []
        for cell in cells:
            expected.append(cell is not None and cell in known)
            known |= {cell} if cell is not None else set()
        assert seen.duplicates(accounts, column).tolist() == expected


def test_many_identifiers_are_kept_apart() -> None:
    """Half a million like identifiers, added in parts, have no false duplicate."""
    seen = SeenIdentifiers()

    def repeated(numbers: Any) -> Any:
        identifiers = pa.array(numbers).cast(pa.string())
        return seen.duplicates(pa.array(["u"] * len(identifiers)), identifiers)

    for start in range(0, 500_000, 20_000):
        assert not repeated(np.arange(start, start + 20_000)).any()
    assert repeated(np.arange(0, 500_000, 7)).all()


@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=20))
def test_an_account_has_identifiers_of_its_own(pairs: list[tuple[str, str]]) -> None:
    """Only a pair of account and identifier that came before is marked."""
    seen = SeenIdentifiers()
    columns = [pa.array([pair[part] for pair in pairs], pa.string()) for part in (0, 1)]
    expected = [pair in pairs[:place] for place, pair in enumerate(pairs)]
    assert seen.duplicates(*columns).tolist() == expected


def test_prepared_identifiers_are_not_taken_for_one() -> None:
    """An identifier computed to collide in a hash without a key does not push out another."""
    accounts = pa.array(["u", "u"])
    column = pa.array(["e6z3n7ezjaeh1nrwcf8N\x03= 1", "victim-exchange-0001abcd"])
    for key in range(20):
        seen = SeenIdentifiers(hash_key(bytes([key])))
        assert not seen.duplicates(accounts, column).any()
        assert seen.duplicates(accounts, column).all()


def test_duplicates_are_rejects_across_files(lines: Lines, row: Row, read: Read) -> None:
    """The first of two rows of one account and identifier wins, wherever the second stands."""
    first = lines(
        row(0, account_id="a", exchange_id="x"),
        row(1, account_id="a", exchange_id="y"),
        row(2, account_id="a", exchange_id="x"),
        row(3, account_id="a"),
        row(4, account_id="a"),
        name="a.jsonl",
    )
    second = lines(
        row(5, account_id="a", exchange_id="y"),
        row(6, account_id="a", exchange_id="z"),
        row(7, account_id="b", exchange_id="y"),
        name="b.jsonl",
    )
    table, log = read([first, second])
    assert table["prompt"].to_pylist() == [f"Question {number}" for number in (0, 1, 3, 4, 6, 7)]
    assert log.rejects == {"exchange_id of the account seen before": 2}
    assert log.warnings == tuple(log.notes)
    assert list(log.notes.values()) == [2]


@pytest.mark.parametrize(("rows", "warned"), [(99, True), (100, False)])
def test_many_duplicates_are_a_warning(
    rows: int, *, warned: bool, lines: Lines, row: Row, read: Read
) -> None:
    """Nothing is said of one repeated row in a hundred; more of them is a warning."""
    kept = [row(number, exchange_id=f"x{number}") for number in range(rows - 1)]
    _, log = read(lines(*kept, kept[0]))
    assert bool(log.warnings) == warned


def test_a_rejected_row_does_not_hold_its_identifier(
    lines: Lines, row: Row, read: Read, tmp_path: Path
) -> None:
    """A row that cannot be used does not push out the good row behind it."""
    path = lines(row(1, exchange_id="x", timestamp="?"), row(1, exchange_id="x"), row(2))
    listed = tmp_path / "rejects.jsonl"
    table, log = read(path, rejects_path=listed)
    assert table["account_id"].to_pylist() == ["user-1", "user-2"]
    assert log.rejects == {"timestamp missing or unreadable": 1}
    assert [json.loads(line)["line"] for line in listed.read_text().splitlines()] == [1]
