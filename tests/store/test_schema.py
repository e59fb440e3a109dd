"""The tables of a room: made once, known again, brought up, and never taken for another's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import Engine, inspect, text

from phalanx.errors import InputError, VerificationError
from phalanx.govern.cases.tables import SCHEMA as CASES
from phalanx.release.broker.tables import TABLES as BROKER
from phalanx.share.blinding.tables import TABLES as KEY_SERVER
from phalanx.share.hub.database import HUB
from phalanx.share.pool.tables import POOL
from phalanx.store import Place
from phalanx.store.schema import Schema, bring_up, reach, translated
from phalanx.store.tables import SCHEMA as STORE

ROOMS = (STORE, HUB, POOL, KEY_SERVER, BROKER, CASES)

each_room = pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.owner)


def _brought_up(place: Place, room: Schema) -> Engine:
    engine = reach(place)
    with translated(place), engine.begin() as connection:
        bring_up(connection, place, room)
    return engine


@each_room
def test_tables_are_made_once_and_kept(place: Place, room: Schema) -> None:
    """With the version that the code knows."""
    for _ in range(2):
        engine = _brought_up(place, room)
        there = set(inspect(engine).get_table_names())
        with engine.connect() as connection:
            versions = connection.execute(text(f"SELECT * FROM {room.version_table}")).all()  # noqa: S608
        engine.dispose()
        assert there == {*room.metadata.tables, room.version_table}
        assert [str(row[0]) for row in versions] == [room.head]


@each_room
def test_those_who_open_a_new_database_together_share_it(place: Place, room: Schema) -> None:
    """One makes the tables, the others wait for it."""
    together = Barrier(4)

    def opened(_: int) -> int:
        together.wait()
        engine = _brought_up(place, room)
        with engine.connect() as connection:
            rows = connection.execute(text(f"SELECT count(*) FROM {room.version_table}")).scalar()  # noqa: S608
        engine.dispose()
        return int(rows or 0)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(opened, range(4))) == [1, 1, 1, 1]


@each_room
def test_tables_of_a_later_version_are_not_touched(place: Place, room: Schema) -> None:
    """Whoever reads them would not know what they mean."""
    engine = _brought_up(place, room)
    with engine.begin() as connection:
        (name,) = connection.execute(text(f"SELECT * FROM {room.version_table}")).keys()  # noqa: S608
        connection.execute(text(f"UPDATE {room.version_table} SET {name} = 9999"))  # noqa: S608
    engine.dispose()
    with pytest.raises(VerificationError, match="version of Phalanx"):
        _brought_up(place, room)


@each_room
def test_tables_without_their_version_are_not_touched(place: Place, room: Schema) -> None:
    """A file is then one of something else; a server may hold other tables, but not these."""
    engine = _brought_up(place, room)
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE {room.version_table}"))
    with pytest.raises(InputError, match=r"something else|not their version"):
        _brought_up(place, room)
    assert room.version_table not in inspect(engine).get_table_names()
    engine.dispose()


def test_rooms_share_a_server_and_no_file(place: Place) -> None:
    """In a file each would be taken for the other's backup."""
    _brought_up(place, HUB).dispose()
    if place.file is None:
        _brought_up(place, KEY_SERVER).dispose()
    else:
        with pytest.raises(InputError, match="something else"):
            _brought_up(place, KEY_SERVER)


@pytest.mark.parametrize("room", [HUB, POOL], ids=lambda room: room.owner)
def test_a_database_that_stands_between_two_versions_is_refused(place: Place, room: Schema) -> None:
    """A version that no migration of the code has is one of later code."""
    engine = _brought_up(place, room)
    with engine.begin() as connection, pytest.raises(VerificationError, match="version of Phalanx"):
        bring_up(connection, place, replace(room, head="0003", migrations=STORE.migrations))
    engine.dispose()
