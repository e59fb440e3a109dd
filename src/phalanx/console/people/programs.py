"""Tokens of programs: each good for hours, and traded for the next one before it ends.

A token that somebody copied is worth something for a day at most. Who trades it leaves the other
without one, which is noticed; what was traded stays good for a minute, so that a program whose
answer was lost on the way asks again. How long one may go on trading is fixed when the first is
made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from phalanx.console.people.sessions import Limits, Visitor, hashed, listed_as, new_token
from phalanx.console.people.tables import TOKENS, USERS
from phalanx.console.people.users import user_of
from phalanx.errors import PolicyError

TOKEN_PREFIX = "phxc_"  # noqa: S105 - by which scanners of secrets know one
MOST_HOURS = 24
_MOST_SECONDS = 3_600.0 * MOST_HOURS
_TRADED_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramToken:
    """What a program is handed."""

    token: str
    expires_at: float
    """Seconds since 1970."""

    tradable_until: float
    """No token that follows from it is good after that, in seconds since 1970."""


def add_token(
    connection: Connection, name: str, now: datetime, hours: int, random: Callable[[int], bytes]
) -> str:
    """Make a token with which a program reads as a user, and return it.

    Parameters:
        connection: Of a writer.
        name: Of the user.
        now: When.
        hours: For which it is good, at most `MOST_HOURS`.
        random: Gives random bytes.
    """
    until = now.timestamp() + 3_600.0 * min(hours, MOST_HOURS)
    return _added(connection, name, now.isoformat(), until, random)


def find_token(connection: Connection, token: str, now: float) -> Visitor | None:
    """Return as whom a program reads, or nothing.

    Parameters:
        connection: Of a reader.
        token: Of the program.
        now: Seconds since 1970.
    """
    chosen = (
        select(USERS)
        .join(TOKENS, TOKENS.c.user == USERS.c.name)
        .where(
            TOKENS.c.token_sha256 == hashed(token),
            TOKENS.c.expires_at >= now,
            # None is made for longer: this one is of an older version, or of another clock.
            TOKENS.c.expires_at <= now + _MOST_SECONDS,
            USERS.c.disabled_at.is_(None),
        )
    )
    row = connection.execute(chosen).mappings().one_or_none()
    if row is None:
        return None
    return Visitor(user=user_of(row), csrf="", session=listed_as(hashed(token)), is_program=True)


def trade_token(
    connection: Connection,
    token: str,
    now: float,
    limits: Limits,
    random: Callable[[int], bytes],
) -> ProgramToken:
    """Give a program a new token, and let the one that it has end in a minute.

    Parameters:
        connection: Of a writer.
        token: That it has, which is good.
        now: Seconds since 1970.
        limits: Of time; a new token lives as long as a session, and a day at most.
        random: Gives random bytes.

    Raises:
        PolicyError: If it was traded before, or the first one is too old.
    """
    mine = TOKENS.c.token_sha256 == hashed(token)
    row = connection.execute(select(TOKENS).where(mine)).mappings().one()
    last = datetime.fromisoformat(row["created_at"]).timestamp() + limits.program_seconds
    if now >= last:
        message = "the first of these tokens was made too long ago"
        raise PolicyError(message, next_step="Ask for one: `phalanx console user token`.")
    until = min(now + min(limits.whole_seconds, _MOST_SECONDS), last)
    old_ends = min(row["expires_at"], now + _TRADED_SECONDS)
    connection.execute(update(TOKENS).where(mine).values(expires_at=old_ends))
    made = _added(connection, row["user"], row["created_at"], until, random)
    return ProgramToken(token=made, expires_at=until, tradable_until=last)


def _added(
    connection: Connection, name: str, created_at: str, until: float, random: Callable[[int], bytes]
) -> str:
    token = TOKEN_PREFIX + new_token(random)
    row = {"user": name, "created_at": created_at, "expires_at": until}
    connection.execute(TOKENS.insert().values(token_sha256=hashed(token), **row))
    return token
