"""Users, passwords, sessions and failures, as the database keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from tests.console.conftest import CHEAP, NOW, PASSWORD

from phalanx.console.people.passwords import refuse_weak, weakness
from phalanx.console.people.programs import add_token, find_token
from phalanx.console.people.roles import Role
from phalanx.console.people.sessions import (
    Limits,
    begin_session,
    csrf_of,
    find_session,
    sweep_sessions,
)
from phalanx.console.people.tables import SCHEMA, SESSIONS, TOKENS, USERS
from phalanx.console.people.throttle import count_attempt, note_success, wait_seconds
from phalanx.console.people.users import add_user, disable_user, list_users, user_name
from phalanx.errors import InputError
from phalanx.serving.limits import LimitReachedError
from phalanx.share.hub.database import Database, open_database
from phalanx.store import database_of

AT = NOW.timestamp()


def _random() -> Callable[[int], bytes]:
    numbers = iter(range(1_000))
    return lambda size: next(numbers).to_bytes(size, "big")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return an empty database, in a file and on a server."""
    url = str(tmp_path / "console.db")
    if request.param == "postgres":
        url = request.getfixturevalue("new_database")()
    found = open_database(database_of(url), schema=SCHEMA)
    yield found
    found.close()


def test_users_are_entered_once_and_disabled_for_good_measure(database: Database) -> None:
    """A name is one user, whatever is done to it; both databases agree."""
    with database.write() as connection:
        add_user(connection, "ana", Role.ANALYST, CHEAP.hashed("ana", PASSWORD), NOW)
        add_user(connection, "bo@lab.example", Role.COUNSEL, None, NOW)
        with pytest.raises(InputError, match="already"):
            add_user(connection, "ana", Role.AUDITOR, None, NOW)
        disable_user(connection, "ana", NOW)
        with pytest.raises(InputError, match="no user"):
            disable_user(connection, "cy", NOW)
        found = list_users(connection)
    assert [(each.name, each.role, each.has_password, each.is_disabled) for each in found] == [
        ("ana", Role.ANALYST, True, True),
        ("bo@lab.example", Role.COUNSEL, False, False),
    ]


def test_the_database_holds_no_secret(database: Database) -> None:
    """Neither a password nor a token stands in it: who reads it signs in as nobody."""
    random = _random()
    with database.write() as connection:
        add_user(connection, "ana", Role.ANALYST, CHEAP.hashed("ana", PASSWORD), NOW)
        token = begin_session(connection, "ana", AT, random)
        other = add_token(connection, "ana", NOW, 24, random)
        rows = [str(connection.execute(select(table)).all()) for table in (USERS, SESSIONS, TOKENS)]
    text = "".join(rows)
    assert PASSWORD not in text
    assert token not in text
    assert other.removeprefix("phxc_") not in text
    assert "$argon2id$" in text


def test_a_session_is_found_until_one_of_its_limits(database: Database) -> None:
    """Idle and whole; what is over is swept away."""
    limits, random = Limits(idle_seconds=100, whole_seconds=1_000), _random()
    with database.write() as connection:
        add_user(connection, "ana", Role.ANALYST, None, NOW)
        token = begin_session(connection, "ana", AT, random)
        assert find_session(connection, token, AT + 100, limits) is not None
        assert find_session(connection, token, AT + 101, limits) is None
        assert find_session(connection, token + "x", AT, limits) is None
        found = find_session(connection, token, AT + 60, limits)
        assert found is not None
        visitor, is_to_note = found
        assert (visitor.user.name, visitor.csrf, is_to_note) == ("ana", csrf_of(token), True)
        good = add_token(connection, "ana", NOW, 24, random)
        assert find_token(connection, good, AT + 86_400) is not None
        assert find_token(connection, good, AT + 86_401) is None
        assert sweep_sessions(connection, AT + 100_000, limits) == 2


def test_passwords_match_themselves_only() -> None:
    """A user without one matches nothing, and a damaged hash is no match either."""
    kept = CHEAP.hashed("ana", PASSWORD)
    assert CHEAP.matches(kept, PASSWORD)
    assert not CHEAP.matches(kept, PASSWORD + "x")
    assert not CHEAP.matches(None, "a password that nobody has")
    assert not CHEAP.matches("no hash", PASSWORD)
    assert not CHEAP.matches(kept, PASSWORD * 100)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "fewer than 12"),
        ("x" * 129, "more than 128"),
        ("Ana has a long one", "name of its user"),
        ("abababababab", "repeats"),
        ("abcdefghijklmno", "one run"),
        ("PhalanxConsole2026", "guessed first"),
        ("password12345!", "guessed first"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password: str, reason: str) -> None:
    """Length counts, and what is guessed first does not pass; no kind of character is asked for."""
    with pytest.raises(InputError, match=reason):
        refuse_weak("ana@lab", password)


@given(st.text(alphabet="abcdefghij KLMNOP!", max_size=40))
def test_adding_different_words_mends_every_weak_password(password: str) -> None:
    """Nobody is told that a long sentence has too few kinds of characters."""
    assert weakness("zoe", password + " and four more words") == ""


@pytest.mark.parametrize("text", ["", "a b", "-a", "a" * 200, "ä", "a\n"])
def test_what_is_no_name_is_told(text: str) -> None:
    """Names are plain, so that two of them never look alike."""
    if text == "a\n":
        assert user_name(text) == "a"
        return
    with pytest.raises(InputError, match="no name"):
        user_name(text)


@given(st.integers(0, 200), st.integers(1, 60))
def test_more_failures_never_wait_less(failures: int, free: int) -> None:
    """The wait grows, from nothing to a quarter of an hour."""
    assert wait_seconds(failures, free) <= wait_seconds(failures + 1, free) <= 900.0
    assert (wait_seconds(failures, free) == 0.0) == (failures < free)


def test_five_guesses_at_a_name_do_not_lock_it_out_elsewhere(database: Database) -> None:
    """Only the place that guessed waits; a name that many places guess at waits for all."""
    with database.write() as connection:
        for _ in range(5):
            count_attempt(connection, "ana", "192.0.2.1", AT)
        with pytest.raises(LimitReachedError):
            count_attempt(connection, "ana", "192.0.2.1", AT + 1)
        count_attempt(connection, "ana", "192.0.2.2", AT + 1)
        note_success(connection, "ana", "192.0.2.2")
        for place in range(25):
            count_attempt(connection, "ana", f"198.51.100.{place}", AT)
        with pytest.raises(LimitReachedError):
            count_attempt(connection, "ana", "192.0.2.2", AT + 1)
        count_attempt(connection, "bo", "192.0.2.2", AT + 1)
        count_attempt(connection, "ana", "192.0.2.2", AT + 901)


def test_a_name_counts_as_one_however_it_is_written(database: Database) -> None:
    """Spaces and capitals give nobody further guesses, as they make no other user."""
    with database.write() as connection:
        for number in range(25):
            written = " " * number + ("Ana" if number % 2 else "ana")
            count_attempt(connection, written, f"198.51.100.{number}", AT)
        with pytest.raises(LimitReachedError):
            count_attempt(connection, "\tANA ", "192.0.2.1", AT)


def test_sign_ins_that_succeed_are_no_failures_of_their_place(database: Database) -> None:
    """A hundred colleagues behind one address sign in; guesses among them still add up."""
    with database.write() as connection:
        for number in range(49):
            count_attempt(connection, f"guessed{number}", "192.0.2.1", AT)
        for number in range(100):
            count_attempt(connection, f"user{number}", "192.0.2.1", AT)
            note_success(connection, f"user{number}", "192.0.2.1")
        count_attempt(connection, "guessed49", "192.0.2.1", AT)
        with pytest.raises(LimitReachedError):
            count_attempt(connection, "user", "192.0.2.1", AT)
