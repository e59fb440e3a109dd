"""Points in time in every spelling."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.logs.timestamps import MICROSECONDS, parse_time, to_times

WHEN = datetime(2026, 5, 1, 12, 30, 15, 250_000, tzinfo=UTC)
SECONDS = int(WHEN.timestamp())
Row = Callable[..., dict[str, Any]]
Read = Callable[..., Any]


@pytest.mark.parametrize(
    "value",
    [
        SECONDS,
        SECONDS * 1_000,
        SECONDS * 1_000_000,
        SECONDS * 1_000_000_000,
        float(SECONDS),
        float(SECONDS) * 1_000,
        Decimal(SECONDS),
        str(SECONDS),
        str(SECONDS * 1_000),
        str(SECONDS * 1_000_000_000),
        "2026-05-01T12:30:15Z",
        "2026-05-01 12:30:15+00:00",
        "2026-05-01T14:30:15+02:00",
        "2026-05-01T14:30:15.000000000+0200",
        "20260501T123015Z",
        "2026-05-01 12:30:15 UTC",
        "Fri, 01 May 2026 12:30:15 GMT",
        datetime(2026, 5, 1, 14, 30, 15, tzinfo=timezone(timedelta(hours=2))),
    ],
    ids=str,
)
def test_spellings_of_one_moment(value: object) -> None:
    """Numbers in four units, three types and many texts name the same moment."""
    times = to_times(pa.array([value, None]))
    assert times.values.to_pylist() == [WHEN.replace(microsecond=0), None]
    assert times.unreadable is None
    assert times.without_zone == 0


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_arrow_timestamps(unit: str, zone: str | None) -> None:
    """Arrow timestamps of every unit are read; those without zone are UTC and counted."""
    moment = WHEN.replace(microsecond=0)
    array = pa.array([moment, None]).cast(pa.timestamp(unit, "UTC"))
    array = array.view(pa.timestamp(unit, zone))
    times = to_times(array)
    assert times.values.type == MICROSECONDS
    assert times.values.to_pylist() == [moment, None]
    assert times.without_zone == (0 if zone else 1)


def test_dates_are_midnight() -> None:
    """A date is its first moment in UTC, counted as without zone."""
    times = to_times(pa.array([date(2026, 5, 1)]))
    assert times.values.to_pylist() == [datetime(2026, 5, 1, tzinfo=UTC)]
    assert times.without_zone == 1


def test_text_with_and_without_zone_mix() -> None:
    """Only the cells without zone are counted; unreadable ones are marked."""
    times = to_times(pa.array(["2026-05-01T12:00:00Z", "2026-05-01T12:00:00", "noon", None]))
    assert times.without_zone == 1
    assert times.unreadable is not None
    assert times.unreadable.tolist() == [False, False, True, False]


@pytest.mark.parametrize(
    "array",
    [
        pa.array([2**63 - 1]),
        pa.array([-(2**63)]),
        pa.array([2**64 - 1], pa.uint64()),
        pa.array([float("nan"), float("inf"), -float("inf"), 1e300]),
        pa.array([2**62], pa.timestamp("s")),
        pa.array([2**62], pa.timestamp("ms", "UTC")),
        pa.array([True, False]),
        pa.array([[1], [2]]),
        pa.array(["", " ", "9" * 400, "1e999", "nan", "99999-01-01", "2026-13-01"]),
        pa.array([b"\xff\xfe"]),
        pa.nulls(2),
        pa.array([], pa.string()),
    ],
    ids=str,
)
def test_what_is_no_time_never_stops_a_scan(array: pa.Array) -> None:
    """Extreme and senseless values end in null or a time, never in an exception."""
    times = to_times(array)
    assert len(times.values) == len(array)
    assert times.values.type == MICROSECONDS


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Parsing any text gives a time or null."""
    parsed = parse_time(text)
    assert parsed is None or isinstance(parsed[0], int)


@given(st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1)))  # noqa: DTZ001 - zone below
def test_iso_round_trip(moment: datetime) -> None:
    """Every moment comes back from its ISO text, to the microsecond."""
    moment = moment.replace(tzinfo=UTC)
    assert to_times(pa.array([moment.isoformat()])).values.to_pylist() == [moment]


def test_implausible_times_are_rejects(row: Row, read: Read) -> None:
    """Rows from the future or from before there were models are rejected."""
    rows = [
        row(0),
        row(1, timestamp="2026-06-03T00:00:00Z"),
        row(2, timestamp="2026-06-01T12:00:00Z"),
        row(3, timestamp="1970-01-01T00:00:00Z"),
    ]
    table, log = read(pa.Table.from_pylist(rows))
    assert table.num_rows == 2
    assert log.rejects == {
        "timestamp in the future": 1,
        "timestamp before the year 2000": 1,
    }


def test_times_without_zone_are_noted(row: Row, read: Read) -> None:
    """A time without zone is taken as UTC, and the log says how often."""
    rows = [row(0), row(1, timestamp="2026-05-01T12:00:00")]
    table, log = read(pa.Table.from_pylist(rows))
    assert table["timestamp"].to_pylist()[1] == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert log.notes == {"timestamp without zone, taken as UTC": 1}


def test_implausible_birth_of_an_account_is_left_empty(row: Row, read: Read) -> None:
    """A zero in the place of the account's creation is no date of birth."""
    rows = [row(0, account_created_at=0), row(1, account_created_at=SECONDS)]
    table, log = read(pa.Table.from_pylist(rows))
    assert table["account_created_at"].null_count == 1
    assert log.notes == {"account_created_at: implausible, left empty": 1}
