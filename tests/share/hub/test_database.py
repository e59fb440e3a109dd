"""The database of the hub: made, brought up to date, refused, full."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from phalanx.errors import InputError, VerificationError
from phalanx.share.hub import open_database
from phalanx.share.hub.database import HUB
from phalanx.share.hub.tables import METADATA
from phalanx.store import Place, place_of

Make = Callable[..., dict[str, Any]]


def test_migrations_make_the_tables_of_the_code(place: Place) -> None:
    """Nothing is left to do after them; opening twice changes nothing."""
    for _ in range(2):
        database = open_database(place)
        with database.read() as connection:
            context = MigrationContext.configure(
                connection, opts={"version_table": HUB.version_table, "compare_type": True}
            )
            assert compare_metadata(context, METADATA) == []
        database.close()


def test_a_newer_version_is_not_touched(place: Place) -> None:
    """An old hub cannot know what a new one means."""
    database = open_database(place)
    with database.write() as connection:
        connection.execute(text(f"UPDATE {HUB.version_table} SET version_num = '9999'"))  # noqa: S608
    database.close()
    with pytest.raises(VerificationError, match="newer version"):
        open_database(place)


def test_a_file_of_something_else_is_not_touched(tmp_path: Path) -> None:
    """Whether another database, or none."""
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE other (a)")
    connection.close()
    before = other.read_bytes()
    with pytest.raises(InputError, match="something else"):
        open_database(place_of(str(other)))
    assert other.read_bytes()[100:] == before[100:]
    plain = tmp_path / "plain.txt"
    plain.write_text("no database, but text " * 99)
    with pytest.raises(InputError):
        open_database(place_of(str(plain)))


def test_a_full_disk_is_told_and_nothing_is_half_kept(small_alliance: Any, indicator: Make) -> None:
    """507; what was acknowledged is still read, and after room was made the hub goes on."""
    small_alliance.start(most_pages=400)
    batches, status = 0, 202
    while status == 202:
        objects = [indicator(batches * 100 + at, name="x" * 1_000) for at in range(100)]
        answer = small_alliance.post("north", small_alliance.open, *objects)
        status = answer.status_code
        batches += status == 202
    assert (status, answer.json()["http_status"]) == (507, "507")
    assert batches > 0
    page = small_alliance.get("south", small_alliance.open + "manifest/").json()
    assert len(page["objects"]) == 100 * batches
    small_alliance.start(most_pages=4_000)
    again = small_alliance.post("north", small_alliance.open, *objects)
    assert again.json()["success_count"] == 100
