"""Where a store lies: its database, and the folder of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from phalanx.errors import ConfigError

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+pg8000"}
"""Scheme of a URL -> how SQLAlchemy reaches it."""

_QUERY = frozenset({"unix_sock"})


@dataclass(frozen=True, slots=True)
class DatabasePlace:
    """A database."""

    database: URL
    """Without a password: libraries print URLs."""

    @property
    def name(self) -> str:
        """What messages call the store."""
        if self.file is not None:
            return str(self.file)
        return self.database.set(drivername="postgresql").render_as_string()

    @property
    def file(self) -> Path | None:
        """The database as a file; null where it is a server's."""
        return Path(self.database.database or "") if self.database.drivername == "sqlite" else None


@dataclass(frozen=True, slots=True)
class Place(DatabasePlace):
    """A database, and a folder of this machine."""

    folder: Path
    """Where files are kept."""


def database_of(store: str) -> DatabasePlace:
    """Understand what a person calls a database that keeps no files.

    Parameters:
        store: Path of an SQLite file, or `postgresql://USER@HOST/DATABASE`.

    Raises:
        ConfigError: If it is neither, or holds a password.

    Examples:
        >>> database_of("alliance.hub").file.as_posix()
        'alliance.hub'
        >>> database_of("postgresql://phalanx@db/hub").name
        'postgresql://phalanx@db/hub'
    """
    url = _url(store)
    if url.password is not None:
        message = "the store's URL holds a password, which every user of this machine can read"
        raise ConfigError(message, next_step="Leave it out, and set PGPASSWORD.")
    scheme = url.drivername
    if scheme not in DRIVERS or not url.database or url.database == ":memory:":
        message = f"{store}: no store can be kept there"
        raise ConfigError(message, next_step="Name a file, or postgresql://USER@HOST/DATABASE.")
    if unknown := sorted(set(url.query) - (_QUERY if scheme == "postgresql" else frozenset())):
        message = f"{store}: unknown setting {unknown[0]!r}"
        raise ConfigError(message, next_step="Leave it out.")
    return DatabasePlace(url.set(drivername=DRIVERS[scheme]))


def place_of(store: str, folder: Path | None = None) -> Place:
    """Understand what a person calls a store.

    Parameters:
        store: Path of an SQLite file, or `postgresql://USER@HOST/DATABASE`.
        folder: Where files are kept; null means beside the SQLite file, with `.parts` added.

    Raises:
        ConfigError: If it is neither, holds a password, or a server's store has no folder.

    Examples:
        >>> place_of("days.store").folder.as_posix()
        'days.store.parts'
        >>> place_of("postgresql://phalanx@db/days", Path("parts")).name
        'postgresql://phalanx@db/days'
    """
    found = database_of(store)
    if folder is None and found.file is None:
        message = f"{store}: a database of a server holds no files"
        raise ConfigError(message, next_step="Name a folder for them with --store-folder.")
    return Place(found.database, folder or Path(f"{found.database.database}.parts"))


def password_of(environment: Mapping[str, str]) -> str | None:
    """Return the password of the database's user, from where PostgreSQL's programs take it."""
    return environment.get("PGPASSWORD")


def _url(store: str) -> URL:
    if "://" not in store:
        return URL.create("sqlite", database=store)
    try:
        return make_url(store)
    except ArgumentError as error:
        # Not the text itself: it may hold a password.
        message = "the store's URL cannot be understood"
        raise ConfigError(
            message, next_step="Name a file, or postgresql://USER@HOST/DATABASE."
        ) from error
