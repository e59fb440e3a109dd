"""The database of cases: many readers, one writer, and what was acknowledged stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.pool import ConnectionPoolEntry

from phalanx.govern.cases.tables import SCHEMA
from phalanx.store.place import DatabasePlace
from phalanx.store.schema import bring_up, reach, translated

WAIT_MILLISECONDS = 30_000
"""For another writer."""

_LOCK = 8_473
"""Of PostgreSQL, for the one writer."""

_WRITES = "phalanx_writes"


@dataclass(frozen=True, slots=True)
class CaseDatabase:
    """A database whose tables are those of cases."""

    place: DatabasePlace
    engine: Engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Hand out a connection that sees one moment throughout."""
        with translated(self.place), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Hand out a connection that alone may write, from the first look to the last.

        Its work is kept as a whole, on the disk, or not at all.
        """
        with translated(self.place), self.engine.connect() as connection:
            options: dict[str, object] = {_WRITES: True}
            if self.place.file is None:
                # Whoever waited for the lock has to see what was done meanwhile.
                options["isolation_level"] = "READ COMMITTED"
            connection = connection.execution_options(**options)  # noqa: PLW2901 - the same one
            with connection.begin():
                if self.place.file is None:
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def open_database(place: DatabasePlace) -> CaseDatabase:
    """Reach the database, and make or migrate its tables.

    Raises:
        InputError: If the file is no database, or one of something else.
        VerificationError: If a newer version of Phalanx wrote it.
        ServiceError: If the server cannot be reached.
    """
    if place.file is not None:
        database = CaseDatabase(place, reach(place))
        _prepare_sqlite(database.engine)
    else:
        database = CaseDatabase(place, reach(place, isolation_level="REPEATABLE READ"))
    try:
        with database.writing() as connection:
            bring_up(connection, place, SCHEMA)
    except BaseException:
        database.close()
        raise
    return database


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connected(raw: object, _record: ConnectionPoolEntry) -> None:
        # Transactions are begun by hand, and an act that was acknowledged survives a power cut.
        raw.isolation_level = None  # type: ignore[attr-defined] # of sqlite3
        for pragma in (
            f"busy_timeout = {WAIT_MILLISECONDS}",
            "synchronous = FULL",
            "foreign_keys = ON",
        ):
            raw.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined] # of sqlite3

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
