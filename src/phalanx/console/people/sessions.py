"""Sessions: a random token in a cookie, its hash in the database, two limits of time.

A session ends when it was not used for a while, and at a fixed time after the sign-in whatever was
done. Tokens of programs are alike, but only read, and are traded for new ones (`programs`).
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from phalanx.console.people.tables import SESSIONS, TOKENS, USERS
from phalanx.console.people.users import User, user_of

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long sessions last, in seconds."""

    idle_seconds: float = 1_800.0
    """After the last request."""

    whole_seconds: float = 43_200.0
    """After the sign-in."""

    program_seconds: float = 2_592_000.0
    """For which a program may trade its token for another, from when the first was made."""

    noted_seconds: float = 60.0
    """A session that was used is noted once in so long, not at each request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks."""

    user: User
    csrf: str
    """That every form of this session carries; empty for a program, which has no forms."""

    session: str
    """What this session, or token, is listed as."""

    is_program: bool = False
    """Came with a token, and only reads."""


def new_token(random: Callable[[int], bytes]) -> str:
    """Return a token of 256 random bits."""
    return urlsafe_b64encode(random(TOKEN_BYTES)).rstrip(b"=").decode()


def begin_session(
    connection: Connection, name: str, now: float, random: Callable[[int], bytes]
) -> str:
    """Begin a session, and return the token of its cookie.

    Parameters:
        connection: Of a writer.
        name: Of the user.
        now: Seconds since 1970.
        random: Gives random bytes.
    """
    token = new_token(random)
    connection.execute(
        SESSIONS.insert().values(token_sha256=hashed(token), user=name, began_at=now, seen_at=now)
    )
    return token


def find_session(
    connection: Connection, token: str, now: float, limits: Limits
) -> tuple[Visitor, bool] | None:
    """Return who has a session, and whether its use is to be noted; nothing where it is over.

    Parameters:
        connection: Of a reader.
        token: Of the cookie.
        now: Seconds since 1970.
        limits: Of time.
    """
    chosen = (
        select(SESSIONS.c.began_at, SESSIONS.c.seen_at, USERS)
        .join(USERS, USERS.c.name == SESSIONS.c.user)
        .where(SESSIONS.c.token_sha256 == hashed(token), USERS.c.disabled_at.is_(None))
    )
    row = connection.execute(chosen).mappings().one_or_none()
    if row is None:
        return None
    idle = now - row["seen_at"]
    if idle > limits.idle_seconds or now - row["began_at"] > limits.whole_seconds:
        return None
    visitor = Visitor(user=user_of(row), csrf=csrf_of(token), session=listed_as(hashed(token)))
    return visitor, idle >= limits.noted_seconds


def note_session(connection: Connection, token: str, now: float) -> None:
    """Note that a session was used."""
    mine = SESSIONS.c.token_sha256 == hashed(token)
    connection.execute(update(SESSIONS).where(mine).values(seen_at=now))


def end_session(connection: Connection, token: str) -> None:
    """End a session."""
    connection.execute(delete(SESSIONS).where(SESSIONS.c.token_sha256 == hashed(token)))


def sweep_sessions(connection: Connection, now: float, limits: Limits) -> int:
    """Remove sessions and tokens that are over, and return how many there were."""
    is_over = (SESSIONS.c.seen_at < now - limits.idle_seconds) | (
        SESSIONS.c.began_at < now - limits.whole_seconds
    )
    done = connection.execute(delete(SESSIONS).where(is_over)).rowcount
    return done + connection.execute(delete(TOKENS).where(TOKENS.c.expires_at < now)).rowcount


def csrf_of(token: str) -> str:
    """Return what a form of a session carries; nobody else can compute it."""
    return hmac.new(token.encode(), b"phalanx console form v1", "sha256").hexdigest()


def listed_as(token_sha256: str) -> str:
    """Return what lists call a session or a token: nobody finds the token by it."""
    return token_sha256[:16]


def hashed(token: str) -> str:
    """Return what the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
