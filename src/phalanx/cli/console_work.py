"""What the commands of the console do to its users."""

from __future__ import annotations

import getpass
import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from phalanx.cli.databases import is_made
from phalanx.cli.rendering import hand_out, refuse_known
from phalanx.console.people.breached import BreachedList, refuse_breached
from phalanx.console.people.passwords import MOST_CHARACTERS, Passwords
from phalanx.console.people.programs import add_token
from phalanx.console.people.roles import Role
from phalanx.console.people.tables import SCHEMA
from phalanx.console.people.users import (
    User,
    add_user,
    disable_user,
    find_user,
    list_users,
    set_password,
    user_name,
)
from phalanx.errors import ConfigError, InputError
from phalanx.share.hub.database import Database, open_database
from phalanx.store import DatabasePlace, database_of
from phalanx.store.schema import translated

DATABASE_FILE = "console.db"
"""In the folder of a console."""

_NEXT = "Enter a user with `phalanx console user add`, or name another folder with --data."


def database_of_console(data: Path, database: str | None) -> DatabasePlace:
    """Return where the database of a console is.

    Parameters:
        data: Folder.
        database: As a person named it instead; null for a file in the folder.

    Raises:
        ConfigError: If it can be none.
        InputError: If the folder cannot be made.
    """
    if database is not None:
        return database_of(database)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"{data}: cannot be made: {error.strerror}"
        raise InputError(message, next_step="Name another folder with --data.") from error
    return database_of(str(data / DATABASE_FILE))


def password_from_terminal() -> str:
    """Ask for a password twice, or read it from standard input where that is no terminal.

    Raises:
        ConfigError: If the two differ, or there is none.
    """
    if sys.stdin.isatty():
        said, again = getpass.getpass("Password: "), getpass.getpass("Once more: ")
        if said != again:
            message = "the two passwords differ"
            raise ConfigError(message, next_step="Try again.")
        return said
    said = sys.stdin.readline(MOST_CHARACTERS + 2).rstrip("\r\n")
    if not said:
        message = "no password on standard input"
        raise ConfigError(message, next_step="Write it there on one line.")
    return said


def enter(
    data: Path,
    database: str | None,
    name: str,
    role: str,
    password: str | None,
    *,
    breached: Path | None,
) -> None:
    """Enter a user.

    Raises:
        InputError: If the name is none or is taken, or the password is weak or was breached.
    """
    name = user_name(name)
    kept = None if password is None else _kept(name, password, breached)
    with _opened(database_of_console(data, database)) as found, found.write() as connection:
        add_user(connection, name, Role(role), kept, _now())


def give_password(
    data: Path, database: str | None, name: str, password: str, breached: Path | None
) -> None:
    """Give a user a new password.

    Raises:
        InputError: If there is no such user, or the password is weak or was breached.
    """
    name = user_name(name)
    kept = _kept(name, password, breached)
    with _existing(data, database) as found, found.write() as connection:
        set_password(connection, name, kept, _now())


def disable(data: Path, database: str | None, name: str) -> None:
    """Let a user sign in no longer.

    Raises:
        InputError: If there is no such user.
    """
    with _existing(data, database) as found, found.write() as connection:
        disable_user(connection, user_name(name), _now())


def give_token(
    data: Path, database: str | None, name: str, hours: int, output: Path | None
) -> None:
    """Hand out a token of a user.

    Raises:
        InputError: If there is no such user, or the token cannot be written.
    """
    name = user_name(name)
    refuse_known(output)
    with _existing(data, database) as found, found.write() as connection:
        user = find_user(connection, name)
        if user is None or user.is_disabled:
            message = f"there is no user {name} who may sign in"
            raise InputError(message, next_step="`phalanx console user list` shows all.")
        hand_out(add_token(connection, name, _now(), hours, secrets.token_bytes), output)


def listed(data: Path, database: str | None, output_format: str) -> str:
    """Return all users as text."""
    with _existing(data, database) as found, found.read() as connection:
        users = list_users(connection)
    if output_format == "json":
        return json.dumps([_plain(each) for each in users], indent=2) + "\n"
    width = max((len(each.name) for each in users), default=0)
    return "".join(
        f"{each.name:<{width}}  {each.role.value:<15}  "
        f"{'with a password' if each.has_password else 'elsewhere':<15}  "
        f"{'disabled' if each.is_disabled else 'active'}\n"
        for each in users
    )


def _kept(name: str, password: str, breached: Path | None) -> str:
    listed = None if breached is None else BreachedList(breached)
    if listed is not None:
        listed.refuse_other()
    refuse_breached(listed, password)
    return Passwords().hashed(name, password)


def _plain(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "role": user.role.value,
        "has_password": user.has_password,
        "created_at": user.created_at.isoformat(),
        "disabled_at": user.disabled_at and user.disabled_at.isoformat(),
    }


@contextmanager
def _existing(data: Path, database: str | None) -> Iterator[Database]:
    """Open the database of a console that was made before: a wrong name must not make another."""
    if database is None and not is_made(data / DATABASE_FILE):
        message = f"{data}: there is no console"
        raise InputError(message, next_step=_NEXT)
    with _opened(database_of_console(data, database)) as found:
        yield found


@contextmanager
def _opened(place: DatabasePlace) -> Iterator[Database]:
    found = open_database(place, schema=SCHEMA)
    try:
        with translated(place):
            yield found
    finally:
        found.close()


def _now() -> datetime:
    return datetime.now(UTC)
