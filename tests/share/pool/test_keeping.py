"""What the pool keeps: migrations make its tables, and wrong entries are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from phalanx.errors import InputError
from phalanx.share.blinding.encoding import to_text
from phalanx.share.hub import open_database
from phalanx.share.pool import POOL, add_member_key, add_round, evaluate, remove_member
from phalanx.share.pool.findings import SOURCES
from phalanx.share.pool.keeping import add_decoys, decoys_in, rounds_in
from phalanx.share.pool.rounds import Entry, read_batch
from phalanx.share.pool.tables import METADATA, SPOKEN
from phalanx.store import DatabasePlace, database_of
from phalanx.store.schema import migrations_of

from .conftest import ROUND, START, Alliance, token_of


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> DatabasePlace:
    """Return a place where no pool is yet."""
    if request.param == "sqlite":
        return database_of(str(tmp_path / "pool.db"))
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return database_of(new_database())


def test_migrations_make_the_tables(place: DatabasePlace) -> None:
    """The tables that migrations make are those that the code expects, and opening twice is one."""
    for _ in range(2):
        database = open_database(place, schema=POOL)
        with database.read() as connection:
            context = MigrationContext.configure(
                connection, opts={"version_table": POOL.version_table, "compare_type": True}
            )
            assert compare_metadata(context, METADATA) == []
        database.close()


def test_decoys_of_an_older_pool_stand_for_themselves(place: DatabasePlace) -> None:
    """A pool of the first release is brought up to date, and what was met stays met."""
    config = migrations_of(POOL)
    database = open_database(place, schema=POOL)
    with database.write() as connection:
        for table in reversed(METADATA.sorted_tables):
            table.drop(connection)
        connection.execute(text(f"DROP TABLE {POOL.version_table}"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    one, other = token_of(1), token_of(2)
    with database.write() as connection:
        for token in (one, other):
            connection.execute(text("INSERT INTO pool_decoy (token) VALUES (:t)"), {"t": token})
        connection.execute(text("INSERT INTO pool_met VALUES ('a', :t)"), {"t": one})
    database.close()
    database = open_database(place, schema=POOL)
    with database.read() as connection:
        assert decoys_in(connection) == {one: one, other: other}
        assert [tuple(row) for row in connection.execute(select(SPOKEN))] == [("a", one)]
    database.close()


def test_a_round_is_kept_as_it_was_agreed(place: DatabasePlace) -> None:
    """What is agreed comes back, and a name is taken once; an empty round is evaluated."""
    database = open_database(place, schema=POOL)
    keys = {"a": to_text(b"\x02" + bytes(31)), "b": to_text(b"\x03" + bytes(31))}
    with database.write() as connection:
        for member, key in keys.items():
            add_member_key(connection, member, key)
            add_member_key(connection, member, key)
        with pytest.raises(InputError, match="a: has this key already"):
            add_member_key(connection, "b", keys["a"])
        made = replace(ROUND, circles={"a": "cloud", "b": "cloud"})
        add_round(connection, made)
        assert rounds_in(connection) == [(made, False)]
        with pytest.raises(InputError, match="there is such a round"):
            add_round(connection, made)
        remove_member(connection, "a")
        with pytest.raises(InputError, match="takes no part"):
            remove_member(connection, "a")
        with pytest.raises(InputError, match="is in a circle"):
            add_round(connection, replace(made, name="another"))
    assert evaluate(database, ROUND.name, ROUND.closes_at).told == 0
    database.close()


def test_rounds_are_evaluated_once_and_when_they_are_over(alliance: Alliance) -> None:
    """An open round, an unknown one and an evaluated one are refused."""
    for name, moment, reason in (
        (ROUND.name, START, "is open until"),
        ("2030-01", ROUND.closes_at, "no such round"),
    ):
        with pytest.raises(InputError, match=reason):
            evaluate(alliance.pool, name, moment)
    alliance.close_round()
    with pytest.raises(InputError, match="was evaluated"):
        alliance.close_round()


@pytest.mark.parametrize(
    "wrong",
    [{"name": "A round"}, {"name": ""}, {"slots": 7}, {"closes_at": START.replace(tzinfo=None)}],
)
def test_rounds_are_checked(wrong: dict[str, object]) -> None:
    """A name, a size or a moment that cannot be is refused."""
    with pytest.raises(InputError):
        replace(ROUND, **wrong)  # type: ignore[arg-type]


def test_keys_and_decoys_are_checked(alliance: Alliance) -> None:
    """What is no public key or no token is not entered."""
    with alliance.pool.write() as connection:
        with pytest.raises(InputError):
            add_member_key(connection, "a", "no key")
        with pytest.raises(InputError):
            add_decoys(connection, ["no token"], "a")
        for name in ("", "a" * 65):
            with pytest.raises(InputError, match="are named by"):
                add_decoys(connection, [], name)
        add_decoys(connection, [token_of(1)], "a")
        with pytest.raises(InputError, match="for other accounts"):
            add_decoys(connection, [token_of(1)], "b")


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["batch", "signature", "entries", "round", "id"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    ).map(lambda said: repr(said).replace("'", '"').encode())
)
def test_any_bytes_are_a_batch_or_refused(body: bytes) -> None:
    """Reading a batch ends in one or in a plain refusal."""
    with pytest.raises(InputError):
        read_batch(body, ROUND)


@pytest.mark.parametrize("token", ["A" * 43 + "\n", "\n" + "A" * 43, "A" * 42])
def test_a_token_has_nothing_before_or_behind_it(token: str) -> None:
    """A newline behind a token would make a second one of it."""
    with pytest.raises(msgspec.ValidationError):
        _read(token)
    assert _read("A" * 43).token == "A" * 43


def _read(token: str) -> Entry:
    entry = Entry(token, (0,) * len(SOURCES), 0)
    return msgspec.json.decode(msgspec.json.encode(entry), type=Entry)


@pytest.mark.parametrize("number", [0, len(SOURCES) - 1, len(SOURCES) + 1])
def test_an_entry_speaks_of_every_source(number: int) -> None:
    """A source that is left unsaid would be left out of what must stand without each."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(Entry("A" * 43, (0,) * number, 0)), type=Entry)


def test_a_moment_of_another_zone_is_the_same(alliance: Alliance) -> None:
    """Rounds are kept in UTC."""
    made = alliance.open_round("2026-05")
    assert made.closes_at == START + timedelta(days=7)
