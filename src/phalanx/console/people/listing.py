"""Which sessions and tokens there are, for their owner and for administrators to end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection, Row, Table, delete, select

from phalanx.console.people.sessions import Limits, listed_as
from phalanx.console.people.tables import SESSIONS, TOKENS
from phalanx.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A session of a browser, or a token of a program, that is good now."""

    id: str
    """What it is listed as; no part of its secret."""

    of: Literal["browser", "program"]
    user: str
    began_at: datetime
    """Sign-in; of a token, when the first of those that it was traded from was made."""

    seen_at: datetime | None
    """Last use, to the minute; null for a token, whose uses are not noted."""

    ends_at: datetime
    """At the latest, unless it is traded."""


def admissions(
    connection: Connection, now: float, limits: Limits, name: str | None = None
) -> tuple[Admission, ...]:
    """Return what is good now, the newest first.

    Parameters:
        connection: Of a reader.
        now: Seconds since 1970.
        limits: Of time.
        name: Of the one user whose are wanted; null for all.
    """
    is_good = (SESSIONS.c.seen_at >= now - limits.idle_seconds) & (
        SESSIONS.c.began_at >= now - limits.whole_seconds
    )
    sessions = select(SESSIONS).where(is_good)
    tokens = select(TOKENS).where(TOKENS.c.expires_at >= now)
    if name is not None:
        sessions = sessions.where(SESSIONS.c.user == name)
        tokens = tokens.where(TOKENS.c.user == name)
    found = [_of_browser(row, limits) for row in connection.execute(sessions)]
    found += [_of_program(row) for row in connection.execute(tokens)]
    return tuple(sorted(found, key=lambda each: (each.began_at, each.id), reverse=True))


def end_admission(connection: Connection, listed: str, name: str | None = None) -> str:
    """End a session or a token, and return whose it was.

    Parameters:
        connection: Of a writer.
        listed: What it is listed as.
        name: Of the one user whose may be ended; null for all.

    Raises:
        InputError: If there is none.
    """
    for table in (SESSIONS, TOKENS):
        found = _ended(connection, table, listed, name)
        if found is not None:
            return found
    message = "there is no such session or token"
    raise InputError(message, next_step="It may be over: load the list again.")


def _ended(connection: Connection, table: Table, listed: str, name: str | None) -> str | None:
    chosen = select(table.c.token_sha256, table.c.user)
    if name is not None:
        chosen = chosen.where(table.c.user == name)
    for sha256, user in connection.execute(chosen).all():
        if listed_as(sha256) == listed:
            connection.execute(delete(table).where(table.c.token_sha256 == sha256))
            return str(user)
    return None


def _of_browser(row: Row[tuple[object, ...]], limits: Limits) -> Admission:
    last = min(row.seen_at + limits.idle_seconds, row.began_at + limits.whole_seconds)
    return Admission(
        id=listed_as(row.token_sha256), of="browser", user=row.user, began_at=_moment(row.began_at),
        seen_at=_moment(row.seen_at), ends_at=_moment(last),
    )  # fmt: skip


def _of_program(row: Row[tuple[object, ...]]) -> Admission:
    return Admission(
        id=listed_as(row.token_sha256), of="program", user=row.user,
        began_at=datetime.fromisoformat(row.created_at), seen_at=None,
        ends_at=_moment(row.expires_at),
    )  # fmt: skip


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
