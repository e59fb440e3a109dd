"""The database: reached, told whether it is ours, brought to the present schema."""

from __future__ import annotations

import os
import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, inspect, select, text
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
from phalanx.store.tables import STORE

HEAD = "0001"
"""Newest migration."""

MIGRATIONS = "phalanx.store:migrations"
VERSION_TABLE = "phalanx_alembic_version"
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


def bring_up(connection: Connection, place: DatabasePlace, now: datetime) -> str:
    """Bring a database to the present schema, and return the identifier of its store.

    Parameters:
        connection: Inside a transaction.
        place: Its name, for messages.
        now: When a new store was made.

    Raises:
        InputError: If a file holds tables of somebody else.
        VerificationError: If a newer version of Phalanx wrote it.
    """
    there = inspect(connection).get_table_names()
    revision = None
    if VERSION_TABLE in there:
        revision = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
    elif there and place.file is not None:
        message = f"{place.name}: a database of something else"
        raise InputError(message, next_step=_ANOTHER)
    if revision != HEAD:
        upgrade(connection, place, MIGRATIONS)
    store_id = connection.execute(select(STORE.c.store_id)).scalar()
    if store_id is None:
        store_id = secrets.token_hex(16)
        connection.execute(STORE.insert().values(store_id=store_id, created_at=now.isoformat()))
    return str(store_id)


def upgrade(connection: Connection, place: DatabasePlace, migrations: str) -> None:
    """Run the migrations that a database lacks.

    Parameters:
        connection: Inside a transaction.
        place: Its name, for messages.
        migrations: Where they are, as a package and its folder.

    Raises:
        VerificationError: If a newer version of Phalanx wrote it.
    """
    from alembic import command  # noqa: PLC0415 - half a second that a database of today saves
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", migrations)
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        message = f"{place.name}: written by a newer version of Phalanx"
        raise VerificationError(message, next_step="Update Phalanx.") from error
