"""Members of the key server, and the API keys that they prove themselves with.

A key holds 256 random bits, so its plain SHA-256 is enough: there is nothing to guess. It is
shown once, when it is made.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, select

from phalanx.errors import InputError
from phalanx.share.blinding.allowances import Limits
from phalanx.share.blinding.encoding import to_text
from phalanx.share.blinding.group import RandomBytes
from phalanx.share.blinding.tables import MEMBERS

MEMBER_PATTERN = r"[a-z0-9][a-z0-9-]{0,63}"
_KEY = re.compile(r"phx\.([0-9a-f]{16})\.([A-Za-z0-9_-]{43})")
_NOBODY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who may ask."""

    member: str
    """Its name."""

    limits: Limits


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody who may ask, or might once."""

    member: str
    """Its name."""

    limits: Limits
    is_revoked: bool


def members_in(engine: Engine) -> tuple[Entry, ...]:
    """Return all members by name, those that were revoked among them."""
    c = MEMBERS.c
    limits = (c.elements_per_day, c.burst_elements, c.elements_per_second)
    rows = select(c.member, c.revoked_at, *limits).order_by(c.member)
    with engine.connect() as connection:
        return tuple(
            Entry(member, Limits(*limits), revoked_at is not None)
            for member, revoked_at, *limits in connection.execute(rows)
        )


def _untold(_: str) -> None:
    """Tell nobody."""


def add_member(  # noqa: PLR0913, PLR0917 - a member, and where its key comes from and goes
    engine: Engine,
    member: str,
    limits: Limits,
    random: RandomBytes,
    now: datetime,
    tell: Callable[[str], None] = _untold,
) -> str:
    """Enter a member, and return its API key, which is kept nowhere.

    Parameters:
        engine: Of the key server.
        member: Its name.
        limits: What it may ask.
        random: Where the key comes from.
        now: When.
        tell: Called with the key before it counts; where that fails, nobody was entered.

    Raises:
        InputError: If the name cannot be, or was entered before.
    """
    if not re.fullmatch(MEMBER_PATTERN, member):
        message = "a member is named by up to 64 small letters, digits and hyphens"
        raise InputError(message, next_step="Name it so.")
    key_id, secret = random(8).hex(), to_text(random(32))
    key = f"phx.{key_id}.{secret}"
    with engine.begin() as connection:
        if connection.execute(select(MEMBERS.c.key_id).where(MEMBERS.c.member == member)).first():
            message = f"{member} is a member, or was one"
            raise InputError(message, next_step="Replace its key, or name another member.")
        connection.execute(
            MEMBERS.insert().values(
                member=member,
                key_id=key_id,
                key_sha256=_hash(key),
                elements_per_day=limits.elements_per_day,
                burst_elements=limits.burst_elements,
                elements_per_second=limits.elements_per_second,
                added_at=now.astimezone(UTC).isoformat(),
            )
        )
        tell(key)
    return key


def replace_key(
    engine: Engine, member: str, random: RandomBytes, tell: Callable[[str], None] = _untold
) -> str:
    """Give a member another API key; the old one is worth nothing from now on.

    Parameters:
        engine: Of the key server.
        member: Its name.
        random: Where the key comes from.
        tell: Called with the key before it counts; where that fails, the old one stays.

    Raises:
        InputError: If there is no such member, or it was revoked.
    """
    key_id, secret = random(8).hex(), to_text(random(32))
    key = f"phx.{key_id}.{secret}"
    active = MEMBERS.update().where(MEMBERS.c.member == member, MEMBERS.c.revoked_at.is_(None))
    with engine.begin() as connection:
        done = connection.execute(active.values(key_id=key_id, key_sha256=_hash(key)))
        if not done.rowcount:
            raise _unknown(member)
        tell(key)
    return key


def revoke_member(engine: Engine, member: str, now: datetime) -> None:
    """Take away a member's right to ask.

    Raises:
        InputError: If there is no such member, or it was revoked before.
    """
    active = MEMBERS.update().where(MEMBERS.c.member == member, MEMBERS.c.revoked_at.is_(None))
    with engine.begin() as connection:
        done = connection.execute(active.values(revoked_at=now.astimezone(UTC).isoformat()))
    if not done.rowcount:
        raise _unknown(member)


def member_of(engine: Engine, key: str) -> Member | None:
    """Return who proves itself with an API key; nobody for anything else.

    The part of a key that finds the row is no secret; the rest is compared as a whole, in the
    same time whether there is such a row or none.
    """
    parts = _KEY.fullmatch(key)
    if parts is None:
        return None
    with engine.connect() as connection:
        row = connection.execute(
            select(MEMBERS).where(MEMBERS.c.key_id == parts[1], MEMBERS.c.revoked_at.is_(None))
        ).one_or_none()
    is_right = hmac.compare_digest(_hash(key), row.key_sha256 if row else _NOBODY)
    if row is None or not is_right:
        return None
    limits = Limits(row.elements_per_day, row.burst_elements, row.elements_per_second)
    return Member(row.member, limits)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _unknown(member: str) -> InputError:
    message = f"{member}: no such member"
    return InputError(message, next_step="Enter it first.")
