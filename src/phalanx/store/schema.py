"""The database: reached, told whether it is ours, brought to the present schema."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, MetaData, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool, Pool

from phalanx.errors import (
    InputError,
    MissingExtraError,
    PhalanxError,
    ServiceError,
    VerificationError,
)
from phalanx.store.place import DatabasePlace, password_of

if TYPE_CHECKING:
    from alembic.config import Config

_ENVIRONMENT = "phalanx.store:migrations"
"""Of Alembic, the same for all rooms."""

_LOCK = 8_472
"""Of PostgreSQL, while tables are made or migrated."""

_SQLITE = b"SQLite format 3\0"
_ANOTHER = "Name another file; a new one is made."


def reach(place: DatabasePlace, *, pool: type[Pool] = NullPool, **options: object) -> Engine:
    """Return the engine of a store's database.

    Parameters:
        place: Where it is.
        pool: How connections are kept.
        options: More that `create_engine` is told.

    Raises:
        InputError: If the file is no database, or cannot be made.
        MissingExtraError: If the driver of PostgreSQL is not installed.
    """
    if place.file is not None:
        _prepare_file(place.file)
        return create_engine(place.database, poolclass=pool, **options)
    if find_spec("pg8000") is None:
        message = "a store in PostgreSQL needs pg8000, which is not installed"
        raise MissingExtraError(message, next_step="In the clone: pip install '.[postgres]'")
    settings: dict[str, object] = {}
    if (password := password_of(os.environ)) is not None:
        settings["password"] = password
    if "unix_sock" not in place.database.query and os.environ.get("PGSSLMODE") != "disable":
        settings["ssl_context"] = ssl.create_default_context()
    return create_engine(place.database, poolclass=pool, connect_args=settings, **options)


def _prepare_file(path: Path) -> None:
    """Make the file for its owner alone, or see that it is a database."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o600)
        with os.fdopen(descriptor, "rb") as file:
            head = file.read(len(_SQLITE))
    except OSError as error:
        message = f"{path}: no store can be kept here: {error.strerror}"
        raise InputError(
            message, next_step="Name a file in a folder that can be written."
        ) from error
    if head not in {b"", _SQLITE}:
        message = f"{path}: not a store"
        raise InputError(message, next_step=_ANOTHER)


@contextmanager
def translated(place: DatabasePlace) -> Iterator[None]:
    """Turn what a database raises into errors of Phalanx, without what it was sent."""
    try:
        yield
    except PhalanxError:
        raise
    # SQLite hands on text that is no UTF-8 in its own way.
    except (SQLAlchemyError, OSError, UnicodeDecodeError) as error:
        message = f"{place.name}: {_reason(error)[:200]}"
        if place.file is not None:
            raise InputError(
                message, next_step="Bring the store back from a backup, or name a new one."
            ) from error
        raise ServiceError(
            message, next_step="Check that the server runs, PGPASSWORD and PGSSLMODE."
        ) from error


def _reason(error: Exception) -> str:
    """Return what a database says of an error, on one line."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    said = cause.args[0] if cause.args else ""
    # PostgreSQL answers with fields, of which M is the message.
    text = said["M"] if isinstance(said, dict) and "M" in said else cause
    return str(text).partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one room, and how they came to be."""

    owner: str
    """What messages call whoever they belong to."""

    metadata: MetaData
    head: str
    """The version that this code knows: the newest migration, or a number."""

    version_table: str
    """Its one row, in its first column, says which version is there."""

    migrations: str = ""
    """Where they are, as a package and its folder; empty where the tables never changed."""


def bring_up(connection: Connection, place: DatabasePlace, schema: Schema) -> None:
    """Bring the tables of a room to the version that this code knows.

    An SQLite file belongs to one room alone; a server's database may hold others beside it.

    Parameters:
        connection: Inside a transaction.
        place: Its name, for messages.
        schema: Of the room.

    Raises:
        InputError: If a file holds tables of somebody else, or tables lack their version.
        VerificationError: If another version of Phalanx wrote it, and it cannot be brought up.
    """
    if _version(connection, schema) == schema.head:
        return
    _await_others(connection, place)
    there = inspect(connection).get_table_names()
    found = _version(connection, schema)
    if found == schema.head:
        return
    if found is None and there and place.file is not None:
        message = f"{place.name}: a database of something else"
        raise InputError(message, next_step=_ANOTHER)
    if found is None and not schema.metadata.tables.keys().isdisjoint(there):
        message = f"{place.name}: holds tables of {schema.owner}, but not their version"
        raise InputError(message, next_step="Name another database, or bring back a backup.")
    if schema.migrations:
        _upgrade(connection, place, schema)
    elif found is None:
        schema.metadata.create_all(connection)
        versions = schema.metadata.tables[schema.version_table]
        connection.execute(versions.insert().values([int(schema.head)]))
    else:
        message = f"{place.name}: written by another version of Phalanx"
        raise VerificationError(message, next_step="Update Phalanx.")


def _version(connection: Connection, schema: Schema) -> str | None:
    """Return which version of the tables is there; nothing where there are none."""
    if not inspect(connection).has_table(schema.version_table):
        return None
    return str(connection.execute(text(f"SELECT * FROM {schema.version_table}")).scalar())  # noqa: S608 - named in code


def _await_others(connection: Connection, place: DatabasePlace) -> None:
    """Let nobody else make or migrate tables until the transaction is over."""
    if place.file is None:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    elif not connection.connection.in_transaction:
        # The driver begins none before tables are made.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def migrations_of(schema: Schema) -> Config:
    """Return what Alembic is told of the migrations of a room; its connection is missing."""
    from alembic.config import Config  # noqa: PLC0415 - half a second that a database of today saves

    config = Config()
    config.set_main_option("script_location", _ENVIRONMENT)
    config.set_main_option("version_locations", schema.migrations)
    config.set_main_option("path_separator", "newline")
    config.attributes["schema"] = schema
    return config


def _upgrade(connection: Connection, place: DatabasePlace, schema: Schema) -> None:
    """Run the migrations that a database lacks."""
    from alembic import command  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = migrations_of(schema)
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        message = f"{place.name}: written by a newer version of Phalanx"
        raise VerificationError(message, next_step="Update Phalanx.") from error
