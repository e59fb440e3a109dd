"""The database of a broker: releases, challenges and decisions."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    event,
)

from phalanx.store.place import DatabasePlace
from phalanx.store.schema import Schema, bring_up, reach, translated

METADATA = MetaData()
_NUMBER = BigInteger().with_variant(Integer, "sqlite")
_WAIT_MILLISECONDS = 30_000

SCHEMA = Table(
    "broker_schema",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    comment="One row: which version of these tables this is.",
)
RELEASES = Table(
    "broker_release",
    METADATA,
    Column("grant_digest", String(64), primary_key=True),
    Column("record_digest", String(64), nullable=False),
    Column("issuer", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("wrapped_key", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("key_set", Text, nullable=False),
    Column("begins_at", String(32), nullable=False),
    Column("expires_at", String(32), nullable=False),
    Column("most_releases", BigInteger, nullable=False),
    Column("released", BigInteger, nullable=False),
    comment="Content keys, wrapped for the broker, and under what they are handed out.",
)
CHALLENGES = Table(
    "broker_challenge",
    METADATA,
    Column("challenge", String(64), primary_key=True),
    Column("grant_digest", String(64), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    comment="Challenges that were not used; each is deleted by its use.",
)
DECISIONS = Table(
    "broker_decision",
    METADATA,
    Column("number", _NUMBER, primary_key=True),
    Column("grant_digest", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("statement", Text, nullable=False),
    comment="What was decided, as it was signed. Each is in the log before its key is handed out.",
)


TABLES = Schema(owner="the broker", metadata=METADATA, head="1", version_table=SCHEMA.name)
"""Raising the version needs a migration."""


def open_tables(place: DatabasePlace) -> Engine:
    """Reach the database, and make the tables where there are none.

    Raises:
        InputError: If what lies there is no such database.
        VerificationError: If another version of Phalanx wrote it.
        ServiceError: If the server cannot be reached.
    """
    engine = reach(place)
    if place.file is not None:

        @event.listens_for(engine, "connect")
        def connected(raw: object, _record: object) -> None:
            cursor = raw.cursor()  # type: ignore[attr-defined]
            cursor.execute(f"PRAGMA busy_timeout = {_WAIT_MILLISECONDS}")
            # What was acknowledged outlasts a loss of power.
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.close()

    with translated(place), engine.begin() as connection:
        bring_up(connection, place, TABLES)
    return engine
