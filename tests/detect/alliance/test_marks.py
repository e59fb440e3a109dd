"""Files of marks are checked, and marks find the accounts of the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.detect.alliance.mark_file import MARK_SCHEMA, SharedMarks, read_marks
from phalanx.detect.alliance.marks import ALWAYS, Cohort, Marks, marks_among
from phalanx.errors import InputError
from phalanx.logs.pseudonym import pseudonym

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
KEY = bytes(range(32))


def cohort(key: bytes | None = None) -> Cohort:
    """Return three accounts of two parties, seen in steps of six hours from midnight on."""
    names = ["ann", "bob", "cid"]
    return Cohort(
        account_names=[n if key is None else pseudonym(key, "account_id", n) for n in names],
        of_account=np.array([0, 1, 1]),
        first_step=int(MIDNIGHT.timestamp()) // (6 * 3600),
        step_hours=6,
        key=key,
    )


@pytest.mark.parametrize("key", [None, KEY], ids=["clear", "pseudonyms"])
def test_accounts_are_found_under_the_name_that_the_scan_gives_them(
    key: bytes | None, mark_table: Callable[..., pa.Table]
) -> None:
    """Accounts stand in clear in the file, and as pseudonyms in a scan with a key."""
    rows = [("cid", "y", "email"), ("ann", "x", "phone"), ("who", "x", "phone")]
    marks, notes = marks_among(SharedMarks(mark_table(rows)), cohort(key), NOW)
    assert marks.campaigns == ("x", "y")
    assert marks.party.tolist() == [0, 1]
    assert marks.step.tolist() == [ALWAYS, ALWAYS]
    assert notes == {"alliance: marked account that does not occur in the log": 1}


def test_a_mark_that_is_given_twice_counts_once(mark_table: Callable[..., pa.Table]) -> None:
    """Of two rows about one account, campaign and kind one stays, and the other is counted."""
    rows = [("ann", "x", "email")] * 3 + [("ann", "x", "phone")]
    marks, notes = marks_among(SharedMarks(mark_table(rows)), cohort(), NOW)
    assert marks.rows.num_rows == 2
    assert notes == {"alliance: mark that was given before": 2}


def test_a_template_counts_from_when_it_was_seen(mark_table: Callable[..., pa.Table]) -> None:
    """It is known from the step of its first exchange, and never without a time."""
    rows = [("ann", "x", "template")]
    later = MIDNIGHT + timedelta(hours=13)
    marks, _ = marks_among(SharedMarks(mark_table(rows, later)), cohort(), NOW)
    seen = np.ones(2, dtype=np.bool_)
    assert marks.step.tolist() == [2]
    assert [marks.carriers(seen, step, templates=True).nnz for step in (1, 2)] == [0, 1]
    untimed, notes = marks_among(SharedMarks(mark_table(rows)), cohort(), NOW)
    assert not untimed
    assert notes == {"alliance: template mark without the time at which it was first seen": 1}


def test_marks_expire(mark_table: Callable[..., pa.Table]) -> None:
    """A mark whose time is over by the time of the scan does not count."""
    table = mark_table([("ann", "x", "email"), ("bob", "x", "email"), ("cid", "x", "email")])
    until = pa.array([NOW, NOW + timedelta(days=1), None], pa.timestamp("us", tz="UTC"))
    shared = SharedMarks(table.append_column("valid_until", until))
    marks, notes = marks_among(shared, cohort(), NOW)
    assert marks.rows["account"].to_pylist() == [1, 2]
    assert notes == {"alliance: mark whose time is over": 1}


def test_an_empty_file_marks_nobody(mark_table: Callable[..., pa.Table]) -> None:
    """A member that shared nothing yet is no error."""
    marks, notes = marks_among(SharedMarks(mark_table([])), cohort(), NOW)
    assert not marks
    assert not notes
    assert not Marks()


BAD: dict[str, Callable[[pa.Table], pa.Table]] = {
    "has no single column campaign": lambda t: t.drop_columns("campaign"),
    "kind is 'shoe'": lambda t: _with(t, "kind", pa.array(["shoe"])),
    "column account_id is int64": lambda t: _with(t, "account_id", pa.array([7])),
    "column matches is string": lambda t: _with(t, "matches", pa.array(["1"])),
    "column first_seen is string": lambda t: _with(t, "first_seen", pa.array(["now"])),
    "column campaign is empty": lambda t: _with(t, "campaign", pa.array([None], pa.string())),
    "matches is below 1": lambda t: _with(t, "matches", pa.array([0])),
    "holds 600 characters": lambda t: _with(t, "account_id", pa.array(["a" * 600])),
}


def _with(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)


@pytest.mark.parametrize("said", BAD)
def test_bad_files_are_refused_in_words(
    said: str, mark_table: Callable[..., pa.Table], tmp_path: Path
) -> None:
    """Missing columns, wrong types and impossible values end with a sentence and a next step."""
    path = tmp_path / "alliance.parquet"
    pq.write_table(BAD[said](mark_table([("ann", "x", "email")])), path)
    with pytest.raises(InputError, match=said) as caught:
        read_marks(path)
    assert "phalanx share match" in str(caught.value.next_step)


@given(st.binary(max_size=400))
@settings(max_examples=50)
def test_no_bytes_end_in_a_traceback(tmp_path_factory: Any, data: bytes) -> None:
    """Whatever lies there, it is refused in words."""
    path = tmp_path_factory.mktemp("marks") / "alliance.parquet"
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a Parquet file"):
        read_marks(path)


def test_what_else_a_file_holds_is_passed_over(
    mark_table: Callable[..., pa.Table], tmp_path: Path
) -> None:
    """Columns of later versions, dictionaries and smaller integers are read."""
    table = mark_table([("ann", "x", "email")]).append_column("verdict", pa.array(["positive"]))
    table = _with(table, "kind", pa.array(["email"]).dictionary_encode())
    table = _with(table, "matches", pa.array([1], pa.int16()))
    path = tmp_path / "alliance.parquet"
    pq.write_table(table, path)
    assert read_marks(path).table.schema.equals(MARK_SCHEMA)


@pytest.mark.slow
def test_ten_million_marks_fit() -> None:
    """A list of ten million marks is brought down to the accounts of the log."""
    size = 10_000_000
    numbers = np.arange(size)
    table = pa.table(
        {
            "account_id": pa.array(numbers).cast(pa.string()),
            "campaign": pa.array(numbers % 50).cast(pa.string()),
            "kind": pa.array(["email"]).take(pa.array(np.zeros(size, dtype=np.int64))),
            "matches": pa.array(np.ones(size, dtype=np.int64)),
            "first_seen": pa.nulls(size, pa.timestamp("us", tz="UTC")),
            "last_seen": pa.nulls(size, pa.timestamp("us", tz="UTC")),
        }
    )
    few = Cohort(
        account_names=["7", "8", "none"],
        of_account=np.arange(3),
        first_step=0,
        step_hours=6,
        key=None,
    )
    marks, notes = marks_among(SharedMarks(table), few, NOW)
    assert marks.rows["account"].to_pylist() == [0, 1]
    assert notes == {"alliance: marked account that does not occur in the log": size - 2}
