"""Limits hold over every stretch of time, and outlast a restart."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from phalanx.errors import InputError, PolicyError, VerificationError
from phalanx.serving.limits import LimitReachedError
from phalanx.share.blinding.allowances import Allowances, Limits
from phalanx.share.blinding.tables import open_tables
from phalanx.store import Place, place_of

START = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
LIMITS = Limits(elements_per_day=100, burst_elements=40, elements_per_second=0.5)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return a place where no counts are yet."""
    if request.param == "sqlite":
        return place_of(str(tmp_path / "keys.db"))
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return place_of(new_database(), tmp_path)


@pytest.fixture
def counts(place: Place) -> Allowances:
    """Return counts in a new database."""
    return Allowances(open_tables(place))


def _granted(counts: Allowances, party: str, elements: int, now: datetime) -> bool:
    try:
        counts.charge(party, elements, LIMITS, now)
    except PolicyError:
        return False
    return True


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 40_000), st.integers(1, 60)), max_size=25))
@example([(0, 40), (70, 30), (80, 40), (0, 40), (20, 10)])
def test_no_stretch_of_time_gets_more(tmp_path: Path, asked: list[tuple[float, int]]) -> None:
    """At most a burst and what time restores, and at most the number of each day."""
    counts = Allowances(open_tables(place_of(str(tmp_path / "keys.db"))))
    party = secrets.token_hex(8)  # nobody has asked before
    times = list(accumulate(pause for pause, _ in asked))
    granted = [
        (seconds, elements)
        for seconds, (_, elements) in zip(times, asked, strict=True)
        if _granted(counts, party, elements, START + timedelta(seconds=seconds))
    ]
    for index, (begin, _) in enumerate(granted):
        total = 0
        for end, elements in granted[index:]:
            total += elements
            most = LIMITS.burst_elements + (end - begin) * LIMITS.elements_per_second
            assert total <= most + 1e-3
    days: dict[date, int] = {}
    for seconds, elements in granted:
        day = (START + timedelta(seconds=seconds)).date()
        days[day] = days.get(day, 0) + elements
    assert all(elements <= LIMITS.elements_per_day for elements in days.values())
    for each, elements in days.items():
        at = datetime.fromisoformat(f"{each}T12:00:00+00:00")
        assert counts.usage(party, at).elements == elements


def test_waiting_as_long_as_was_said_is_enough(counts: Allowances) -> None:
    """And a second less is not."""
    counts.charge("north", 40, LIMITS, START)
    with pytest.raises(LimitReachedError, match="moment") as error:
        counts.charge("north", 10, LIMITS, START)
    wait = timedelta(seconds=error.value.wait_seconds)
    assert not _granted(counts, "north", 10, START + wait - timedelta(seconds=1))
    assert _granted(counts, "north", 10, START + wait)


def test_what_is_refused_is_not_counted(counts: Allowances) -> None:
    """The day's limit leaves the burst as it was."""
    noon = START.replace(hour=12, minute=0)
    for hour in range(2):
        counts.charge("north", 40, LIMITS, noon + timedelta(hours=hour))
    late = noon + timedelta(hours=3)
    with pytest.raises(LimitReachedError, match="day") as error:
        counts.charge("north", 30, LIMITS, late)
    assert error.value.wait_seconds == 9 * 3600
    assert _granted(counts, "north", 20, late)
    assert _granted(counts, "north", 20, late.replace(hour=0) + timedelta(days=1))
    assert (counts.usage("north", late).elements, counts.usage("north", late).requests) == (100, 3)


def test_a_clock_that_is_set_back_restores_nothing(counts: Allowances) -> None:
    """Neither does it lock anybody out for longer than it was set back."""
    assert _granted(counts, "north", 40, START)
    for back in (timedelta(seconds=10), timedelta(0)):
        assert not _granted(counts, "north", 1, START - back)
    assert _granted(counts, "north", 1, START + timedelta(seconds=2))


def test_those_who_ask_at_once_share_one_limit(place: Place) -> None:
    """Also in the first moment, when there is no row yet."""
    servers = [Allowances(open_tables(place)) for _ in range(2)]
    together = Barrier(8)

    def asked(number: int) -> int:
        together.wait()
        return sum(_granted(servers[number % 2], "north", 3, START) for _ in range(4))

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(asked, range(8))) == 40 // 3
    assert servers[0].usage("north", START).elements == 39


def test_a_restart_restores_nothing(place: Place) -> None:
    """Counts are in the database, not in the process."""
    assert _granted(Allowances(open_tables(place)), "north", 40, START)
    again = Allowances(open_tables(place))
    assert not _granted(again, "north", 1, START)
    assert _granted(again, "south", 40, START)


def test_what_can_never_be_granted_is_told_at_once(counts: Allowances) -> None:
    """There is nothing to wait for."""
    with pytest.raises(PolicyError, match="ever") as error:
        counts.charge("north", 41, LIMITS, START)
    assert not isinstance(error.value, LimitReachedError)


@pytest.mark.parametrize("field", ["elements_per_day", "burst_elements", "elements_per_second"])
def test_limits_allow_something(field: str) -> None:
    """One that allows nothing is a mistake: a member is revoked instead."""
    with pytest.raises(ValueError, match="above zero"):
        Limits(**{field: 0})


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """As is one of another version."""
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE t (x)")
    with pytest.raises(InputError, match="something else"):
        open_tables(place_of(str(tmp_path / "other.db")))
    place = place_of(str(tmp_path / "keys.db"))
    open_tables(place).dispose()
    with sqlite3.connect(tmp_path / "keys.db") as newer:
        newer.execute("UPDATE blinding_schema SET version = 2")
    with pytest.raises(VerificationError, match="another version"):
        open_tables(place)
