"""Users of the console: entered, listed, disabled, given a password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, select, update

from phalanx.console.people.roles import Role
from phalanx.console.people.tables import SESSIONS, TOKENS, USERS
from phalanx.errors import InputError
from phalanx.printable import printable

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may sign in."""

    name: str
    """As acts are noted, and as the agreement of an alliance names who approves."""

    role: Role
    has_password: bool
    """Else the user signs in elsewhere only."""

    created_at: datetime
    disabled_at: datetime | None = None

    @property
    def is_disabled(self) -> bool:
        """Whether the user may no longer sign in."""
        return self.disabled_at is not None


def user_name(text: str) -> str:
    """Return a name as it is kept: one user however it is written.

    Raises:
        InputError: If it is none.

    Examples:
        >>> user_name(" Ana@Lab.example ")
        'ana@lab.example'
    """
    name = text.strip().casefold()
    if not _NAME.fullmatch(name):
        message = f"{printable(text)[:80]!r} is no name of a user"
        raise InputError(message, next_step="Use letters, digits and . _ @ + -, such as ana.")
    return name


def add_user(
    connection: Connection, name: str, role: Role, password: str | None, now: datetime
) -> None:
    """Enter a user.

    Parameters:
        connection: Of a writer.
        name: See `user_name`.
        role: What the user is here for.
        password: As it is kept; null for one who signs in elsewhere.
        now: When.

    Raises:
        InputError: If the name is taken.
    """
    if find_user(connection, name) is not None:
        message = f"there is a user {name} already"
        raise InputError(message, next_step="Choose another name, or set a new password.")
    connection.execute(
        USERS.insert().values(
            name=name,
            role=role.value,
            password=password,
            created_at=now.isoformat(),
            password_at=now.isoformat() if password else None,
        )
    )


def set_password(connection: Connection, name: str, password: str, now: datetime) -> None:
    """Give a user a new password, and end all sessions of it.

    Raises:
        InputError: If there is no such user.
    """
    _change(connection, name, password=password, password_at=now.isoformat())
    end_all(connection, name)


def disable_user(connection: Connection, name: str, now: datetime) -> None:
    """Let a user sign in no longer; what was done under the name stays on record.

    Raises:
        InputError: If there is no such user.
    """
    _change(connection, name, disabled_at=now.isoformat())
    end_all(connection, name)


def enable_user(connection: Connection, name: str) -> None:
    """Let a user sign in again.

    Raises:
        InputError: If there is no such user.
    """
    _change(connection, name, disabled_at=None)


def end_all(connection: Connection, name: str) -> None:
    """End all sessions of a user, and all tokens."""
    connection.execute(delete(SESSIONS).where(SESSIONS.c.user == name))
    connection.execute(delete(TOKENS).where(TOKENS.c.user == name))


def list_users(connection: Connection) -> tuple[User, ...]:
    """Return all users, by name."""
    rows = connection.execute(select(USERS).order_by(USERS.c.name)).mappings()
    return tuple(map(user_of, rows))


def find_user(connection: Connection, name: str) -> User | None:
    """Return a user, or nothing where there is none."""
    row = connection.execute(select(USERS).where(USERS.c.name == name)).mappings().one_or_none()
    return None if row is None else user_of(row)


def kept_password(connection: Connection, name: str) -> str | None:
    """Return what is kept of the password of a user who may sign in with one."""
    chosen = select(USERS.c.password).where(USERS.c.name == name, USERS.c.disabled_at.is_(None))
    return connection.execute(chosen).scalar_one_or_none()


def user_of(row: RowMapping) -> User:
    """Return the user that a row holds."""
    disabled = row["disabled_at"]
    return User(
        name=row["name"],
        role=Role(row["role"]),
        has_password=row["password"] is not None,
        created_at=datetime.fromisoformat(row["created_at"]),
        disabled_at=datetime.fromisoformat(disabled) if disabled else None,
    )


def _change(connection: Connection, name: str, **values: str | None) -> None:
    changed = connection.execute(update(USERS).where(USERS.c.name == name).values(values))
    if not changed.rowcount:
        message = f"there is no user {name}"
        raise InputError(message, next_step="`phalanx console user list` shows all.")
