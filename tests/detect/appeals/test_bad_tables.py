"""Tables that are not of a scan are refused in words, whatever is in them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.detect import ScanResult, appeal
from phalanx.detect.appeals import Appeal
from phalanx.detect.result import LOOK_SCHEMA
from phalanx.errors import InputError

MAP = LOOK_SCHEMA.field("log10_e_of_rules").type
CELLS = st.sampled_from(
    [
        *map(pa.scalar, [None, 0, -1, 1 << 40, 0.5, float("nan"), float("inf"), True, b"\xff"]),
        *map(pa.scalar, ["", "PHX-D001", "content", "\x1b[2J\u202e", [1], ["x"], [[]], [-7, 0]]),
        *map(pa.scalar, [{"a": 1}, {"prior": 1e308}, {"prior": -1e308, "content": -1e308}]),
        *(pa.scalar([("PHX-D007", e)], MAP) for e in (float("nan"), 0.0, -1e308, 1e308, None)),
        pa.scalar([("PHX-D007", 1e308), ("PHX-D008", 1e308), ("X", 1e308), ("Y", 1e308)], MAP),
    ]
)
FUZZ = settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


Change = Callable[[str, int, pa.Scalar], None]


@pytest.fixture(scope="session")
def appeal_changed(evasive_result: ScanResult, listed: tuple[str, ...]) -> Change:
    """Return what fills a column of a table with one cell and appeals: a page or a refusal."""
    names = evasive_result.accounts["account_id"].to_pylist()
    own = evasive_result.accounts.slice(names.index(listed[0]), 1)
    few = pa.concat_tables([evasive_result.accounts.slice(0, 40), own])
    tables = {"accounts": few, "looks": evasive_result.looks}

    def change(table: str, place: int, cell: pa.Scalar) -> None:
        old = tables[table]
        index = place % old.num_columns
        column = pa.array([cell.as_py()] * old.num_rows, cell.type)
        changed = old.set_column(index, old.column_names[index], column)
        with contextlib.suppress(InputError):
            page = appeal(replace(evasive_result, **{table: changed}), listed[0])
            assert isinstance(page, Appeal)

    return change


@FUZZ
@given(table=st.sampled_from(["accounts", "looks"]), place=st.integers(0, 1 << 16), cell=CELLS)
def test_any_column_may_hold_anything(
    appeal_changed: Change, table: str, place: int, cell: pa.Scalar
) -> None:
    """A column of another type or content gives a page or a refusal, never a traceback."""
    appeal_changed(table, place, cell)


@pytest.mark.parametrize("name", ["habits", "party_id", "tracks", "is_reference", "account_id"])
def test_a_scan_of_an_earlier_version_is_told(
    evasive_result: ScanResult, listed: tuple[str, ...], name: str
) -> None:
    """Where a column is absent, the page says what to do about it."""
    older = evasive_result.accounts.drop_columns([name])
    with pytest.raises(InputError, match="earlier version") as caught:
        appeal(replace(evasive_result, accounts=older), listed[0])
    assert "Scan the log again" in caught.value.next_step


def test_a_scan_without_looks_is_told(evasive_result: ScanResult, listed: tuple[str, ...]) -> None:
    """A listed account needs the looks; a scan that kept none cannot be recomputed."""
    bare = replace(evasive_result, looks=LOOK_SCHEMA.empty_table())
    with pytest.raises(InputError, match=r"looks\.parquet"):
        appeal(bare, listed[0])


def test_more_looks_than_planned_are_refused(
    evasive_result: ScanResult, listed: tuple[str, ...]
) -> None:
    """A table that repeats looks would count evidence twice."""
    twice = pa.concat_tables([evasive_result.looks] * 3)
    with pytest.raises(InputError, match="more than planned"):
        appeal(replace(evasive_result, looks=twice), listed[0])


def test_two_columns_of_one_name_are_refused(
    evasive_result: ScanResult, listed: tuple[str, ...]
) -> None:
    """Which of the two were meant is not guessed."""
    accounts = evasive_result.accounts
    doubled = accounts.append_column("habits", accounts["habits"])
    with pytest.raises(InputError, match="single column habits"):
        appeal(replace(evasive_result, accounts=doubled), listed[0])


def test_hundreds_of_links_are_refused(evasive_result: ScanResult, listed: tuple[str, ...]) -> None:
    """All sets of links are tried, so a table may not name any number of them."""
    many = [(f"PHX-X{number:03d}", 1.0) for number in range(200)]
    place = LOOK_SCHEMA.names.index("log10_e_of_rules")
    column = pa.array([many] * evasive_result.looks.num_rows, MAP)
    changed = evasive_result.looks.set_column(place, "log10_e_of_rules", column)
    with pytest.raises(InputError, match="links on one account"):
        appeal(replace(evasive_result, looks=changed), listed[0])
