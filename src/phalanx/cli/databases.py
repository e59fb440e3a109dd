"""Databases that were made before: a wrong name must not make another one."""

from __future__ import annotations

from pathlib import Path

from phalanx.errors import InputError
from phalanx.store import DatabasePlace, database_of


def is_made(path: Path) -> bool:
    """Tell whether a file is there that holds anything: one that was emptied is no database.

    Examples:
        >>> is_made(Path(__file__)), is_made(Path("new.db"))
        (True, False)
    """
    return path.exists() and not (path.is_file() and path.stat().st_size == 0)


def made_before(database: str, what: str, next_step: str) -> DatabasePlace:
    """Return where a database is that was made before; of PostgreSQL its server will tell.

    Parameters:
        database: As a person named it.
        what: It is the database of, such as "hub".
        next_step: Where there is none.

    Raises:
        InputError: If there is none: a wrong name must not make another one.
    """
    place = database_of(database)
    if place.file is not None and not is_made(place.file):
        message = f"{place.name}: there is no {what}"
        raise InputError(message, next_step=next_step)
    return place
