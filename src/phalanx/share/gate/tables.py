"""The tables of the gate: requests for approval, approvals, and the audit log."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from phalanx.errors import InputError
from phalanx.owned import OWNER_ONLY

METADATA = MetaData()

REQUESTS = Table(
    "phalanx_gate_request",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("object_hash", String(64), nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("submitter", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("valid_until", String(32), nullable=False),
    comment="Objects that a rule holds until persons in roles have approved them.",
)

APPROVALS = Table(
    "phalanx_gate_approval",
    METADATA,
    Column("request", Integer, ForeignKey(REQUESTS.c.number), nullable=False),
    Column("person", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("approved_at", String(32), nullable=False),
    Column("valid_until", String(32), nullable=False),
    UniqueConstraint("request", "person"),
    comment="Who approved what, once.",
)

AUDIT = Table(
    "phalanx_gate_audit",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("entry", Text, nullable=False),
    Column("entry_hash", String(64), nullable=False),
    comment="The log: each entry names the hash of the one before.",
)

_APPEND_ONLY = tuple(
    f"CREATE TRIGGER IF NOT EXISTS phalanx_gate_audit_no_{verb} "
    f"BEFORE {verb} ON phalanx_gate_audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    for verb in ("UPDATE", "DELETE")
)
_WRONG_FILE = "Name the file of a gate, or a new one."


class DurableFile:
    """An SQLite file of one writer at a time, for its owner alone.

    Parameters:
        path: Of the file; it is made if it is missing.
        tables: That are made where there are none.
        statements: Of SQL that are run after that, each without effect a second time.
        advice: What to do where the file cannot be used.

    Raises:
        InputError: If it cannot be opened, is no database, or one of something else.
    """

    def __init__(
        self, path: Path, tables: MetaData, statements: Sequence[str] = (), *, advice: str
    ) -> None:
        """Make the tables where there are none."""
        self.path = path
        self._advice = advice
        self._make()
        self._engine: Engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
        event.listen(self._engine, "connect", _durable)
        with self.writing() as connection:
            there = inspect(connection).get_table_names()
            if there and tables.tables.keys().isdisjoint(there):
                message = f"{path}: a database of something else"
                raise InputError(message, next_step=advice)
            tables.create_all(connection)
            for statement in statements:
                connection.execute(text(statement))

    def _make(self) -> None:
        """Make the file for its owner alone before anything is in it, or see that it is so."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW
        try:
            descriptor = os.open(self.path, flags, OWNER_ONLY)
            mode = os.fstat(descriptor).st_mode
            os.close(descriptor)
        except OSError as error:
            message = f"{self.path}: {error.strerror}"
            raise InputError(message, next_step=self._advice) from error
        if not stat.S_ISREG(mode):
            message = f"{self.path}: not a regular file"
            raise InputError(message, next_step=self._advice)
        if mode & 0o077:
            message = f"{self.path}: can be read or written by others than its owner"
            raise InputError(message, next_step=f"Run: chmod 600 {self.path}")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Hand out a connection that alone may write, from the first look to the last."""
        try:
            with self._engine.connect() as connection:
                # Before anything is read, so that no other writer comes in between.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.exec_driver_sql("ROLLBACK")
                    raise
                connection.exec_driver_sql("COMMIT")
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", error)).partition("\n")[0][:200]
            message = f"{self.path}: {reason}"
            raise InputError(message, next_step=self._advice) from error


class GateDatabase(DurableFile):
    """The file of a gate.

    Parameters:
        path: Of an SQLite database; it is made if it is missing.

    Raises:
        InputError: If it cannot be opened or is no database.
    """

    def __init__(self, path: Path) -> None:
        """Make the tables where there are none."""
        super().__init__(path, METADATA, _APPEND_ONLY, advice=_WRONG_FILE)


def _durable(connection: object, _: object) -> None:
    # Transactions are begun by hand, and an entry that was acknowledged survives a power cut.
    connection.isolation_level = None  # type: ignore[attr-defined] # of sqlite3
    connection.execute("PRAGMA synchronous = FULL")  # type: ignore[attr-defined] # of sqlite3
    connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[attr-defined] # of sqlite3
    connection.execute("PRAGMA busy_timeout = 10000")  # type: ignore[attr-defined] # of sqlite3
