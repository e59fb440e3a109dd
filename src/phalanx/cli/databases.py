"""Databases that were made before: a wrong name must not make another one."""

from __future__ import annotations

from phalanx.errors import InputError
from phalanx.store import DatabasePlace, database_of


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
    if place.file is not None and not place.file.exists():
        message = f"{place.name}: there is no {what}"
        raise InputError(message, next_step=next_step)
    return place
