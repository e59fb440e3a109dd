"""A database of the alliance: reached by readers and writers, brought to the present schema.

A reader sees one moment throughout, so that the keys and the bodies of a page agree. A writer
waits for the one before it: in SQLite for the whole file, in PostgreSQL for the collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
from sqlalchemy import (
    JSON,
    Connection,
    Engine,
    Table,
    Text,
    bindparam,
    cast,
    column,
    event,
    func,
    select,
)
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from phalanx.share.hub.tables import METADATA
from phalanx.store import DatabasePlace
from phalanx.store.schema import Schema, bring_up, reach, translated

MOST_CONNECTIONS = 16
"""To PostgreSQL or SQLite, for reading; half of them for writing to PostgreSQL."""

WAIT_SECONDS = 10
"""For a connection, and for another writer."""

_TO_WRITE = "BEGIN IMMEDIATE"
_WRITER_KIBIBYTES = 131_072
"""Of an SQLite file that the writer holds in memory."""

_CHECKPOINT_PAGES = 16_384
"""Of the log of SQLite (64 MiB), which is brought into the file when it holds more."""


HUB = Schema(
    owner="the hub",
    metadata=METADATA,
    head="0002",
    version_table="hub_alembic_version",
    migrations="phalanx.share.hub:migrations/versions",
)


@dataclass(frozen=True, slots=True)
class Database:
    """Two ways to one database."""

    place: DatabasePlace
    reader: Engine
    writer: Engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Hand out a connection that sees the database as it is now."""
        with self.reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Hand out a connection whose work is kept as a whole, or not at all."""
        with self.writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self.reader.dispose()
        self.writer.dispose()


def open_database(
    place: DatabasePlace, *, most_pages: int | None = None, schema: Schema = HUB
) -> Database:
    """Reach a database and bring its schema up to date.

    Parameters:
        place: Where it is. In an SQLite file the tables are alone.
        most_pages: Of an SQLite file, which then never grows beyond them.
        schema: Of which room.

    Raises:
        InputError: If the file is no database, or one of something else.
        VerificationError: If a newer version of Phalanx wrote it.
        ServiceError: If the server cannot be reached.
    """
    is_file = place.file is not None
    reader = reach(place, pool=QueuePool, **_pool(MOST_CONNECTIONS), **_isolated(is_file))
    # SQLite takes one writer: the others wait here, in order, and not by asking again.
    writers = 1 if is_file else MOST_CONNECTIONS // 2
    writer = reach(place, pool=QueuePool, **_pool(writers))
    if is_file:
        _prepare_sqlite(reader, "BEGIN", most_pages)
        _prepare_sqlite(writer, _TO_WRITE, most_pages)
    database = Database(place, reader, writer)
    try:
        with translated(place), database.write() as connection:
            bring_up(connection, place, schema)
    except BaseException:
        database.close()
        raise
    return database


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert many rows of the same columns.

    Parameters:
        connection: Of a writer.
        table: Into which.
        rows: Texts and numbers by column; there may be none.
    """
    if rows and connection.dialect.name == "sqlite":
        connection.execute(table.insert(), rows)
    elif rows:
        # All of them as one parameter: pg8000 would look at thousands one by one, in Python.
        sent = cast(bindparam("rows", type_=Text), JSON)
        columns = (column(name, table.c[name].type) for name in rows[0])
        read = func.json_to_recordset(sent).table_valued(*columns)
        chosen = select(read.render_derived(name="sent", with_types=True))
        statement = table.insert().from_select(list(rows[0]), chosen)
        connection.execute(statement, {"rows": msgspec.json.encode(rows).decode()})


def _pool(size: int) -> dict[str, object]:
    return {"pool_size": size, "max_overflow": 0, "pool_timeout": WAIT_SECONDS}


def _isolated(is_file: bool) -> dict[str, object]:  # noqa: FBT001 - one of two kinds
    return {} if is_file else {"isolation_level": "REPEATABLE READ", "pool_pre_ping": True}


def _prepare_sqlite(engine: Engine, begin: str, most_pages: int | None) -> None:
    @event.listens_for(engine, "connect")
    def connected(raw: object, _record: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions of its own kind.
        raw.isolation_level = None  # type: ignore[attr-defined]
        cursor = raw.cursor()  # type: ignore[attr-defined]
        cursor.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode = WAL")
        # What was acknowledged outlasts a loss of power, not only of the process.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        if begin == _TO_WRITE:
            # Identifiers fall anywhere into their index: it is held in memory as far as it
            # goes, and what is written to it again and again reaches the file once.
            cursor.execute(f"PRAGMA cache_size = -{_WRITER_KIBIBYTES}")
            cursor.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        if most_pages is not None:
            cursor.execute(f"PRAGMA max_page_count = {most_pages:d}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
