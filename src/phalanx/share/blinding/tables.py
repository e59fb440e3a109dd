"""The database of the key server: who may ask, and how much they asked. No values of any kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
)

from phalanx.errors import InputError, ServiceError
from phalanx.store.place import DatabasePlace
from phalanx.store.schema import Schema, bring_up, reach, translated

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


TABLES = Schema(owner="the key server", metadata=METADATA, head="1", version_table=SCHEMA.name)
"""Raising the version needs a migration."""


def open_tables(place: DatabasePlace) -> Engine:
    """Reach the database, and make the tables where there are none.

    Raises:
        InputError: If what lies there is no such database.
        VerificationError: If a newer version of Phalanx wrote it.
        ServiceError: If the server cannot be reached.
    """
    engine = reach(place)
    with translated(place), engine.begin() as connection:
        bring_up(connection, place, TABLES)
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
