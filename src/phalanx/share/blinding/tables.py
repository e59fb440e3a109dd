"""The database of the key server: who may ask, and how much they asked. No values of any kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    inspect,
    select,
)

from phalanx.errors import InputError, ServiceError, VerificationError
from phalanx.store.place import DatabasePlace
from phalanx.store.schema import reach, translated

VERSION = 1
"""Of these tables. Raising it needs a migration."""

METADATA = MetaData()

SCHEMA = Table(
    "blinding_schema",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    comment="One row: which version of these tables this is.",
)

MEMBERS = Table(
    "blinding_member",
    METADATA,
    Column("member", String(64), primary_key=True),
    Column("key_id", String(16), nullable=False, unique=True),
    Column("key_sha256", String(64), nullable=False),
    Column("elements_per_day", BigInteger, nullable=False),
    Column("burst_elements", BigInteger, nullable=False),
    Column("elements_per_second", Double, nullable=False),
    Column("added_at", String(40), nullable=False),
    Column("revoked_at", String(40)),
    comment="Who may ask. Of an API key only the hash is kept.",
)

BUCKETS = Table(
    "blinding_bucket",
    METADATA,
    Column("party", String(128), primary_key=True),
    Column("elements", Double, nullable=False),
    Column("at_seconds", Double, nullable=False),
    comment="What a party may ask at once, as of a moment; it fills up with time.",
)

USAGE = Table(
    "blinding_usage",
    METADATA,
    Column("party", String(128), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("elements", BigInteger, nullable=False),
    Column("requests", BigInteger, nullable=False),
    comment="What each party asked on each day (UTC).",
)


def open_tables(place: DatabasePlace) -> Engine:
    """Reach the database, and make the tables where there are none.

    Raises:
        InputError: If what lies there is no such database.
        VerificationError: If a newer version of Phalanx wrote it.
        ServiceError: If the server cannot be reached.
    """
    engine = reach(place)
    with translated(place), engine.begin() as connection:
        _bring_up(connection, place)
    return engine


@contextmanager
def while_serving(place: DatabasePlace) -> Iterator[None]:
    """Turn what a database raises into "cannot answer now": it is nothing that was asked.

    Raises:
        ServiceError: If the database fails.
    """
    try:
        with translated(place):
            yield
    except InputError as error:
        raise ServiceError(str(error), next_step=error.next_step) from error


def _bring_up(connection: Connection, place: DatabasePlace) -> None:
    there = inspect(connection).get_table_names()
    if SCHEMA.name not in there:
        if there and place.file is not None:
            message = f"{place.name}: a database of something else"
            raise InputError(message, next_step="Name another file; a new one is made.")
        METADATA.create_all(connection)
        connection.execute(SCHEMA.insert().values(version=VERSION))
        return
    version = connection.execute(select(SCHEMA.c.version)).scalar()
    if version != VERSION:
        message = f"{place.name}: written by another version of Phalanx"
        raise VerificationError(message, next_step="Update Phalanx.")
