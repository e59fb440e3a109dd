"""Sign-ins that fail cost time: more and more of it, for a name at an address first.

Who guesses at one name from one place is stopped after a few guesses. A name that is guessed at
from many places, and an address that guesses at many names, are stopped later, so that nobody
locks out a colleague with five wrong guesses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, Insert, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from phalanx.console.people.tables import FAILURES
from phalanx.serving.limits import LimitReachedError

_FORGOTTEN_SECONDS = 86_400.0
_LONGEST_SECONDS = 900.0
_FIRST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Counted:
    """One thing that failures are counted by."""

    who: str
    free: int
    """Failures before the first wait."""


def counted(name: str, address: str) -> tuple[Counted, ...]:
    """Return by what the failures of a name at an address are counted.

    Parameters:
        name: As it was typed; however it is written it counts as one, as `user_name` has it.
        address: Of the client.
    """
    name = name.strip().casefold()
    return (
        Counted(_hashed("both", name, address), 5),
        Counted(_hashed("name", name), 25),
        Counted(_hashed("address", address), 50),
    )


def wait_seconds(failures: int, free: int) -> float:
    """Return how long to wait after so many failures.

    Examples:
        >>> [wait_seconds(failures, 5) for failures in (4, 5, 6, 9, 99)]
        [0.0, 5.0, 10.0, 80.0, 900.0]
    """
    if failures < free:
        return 0.0
    return min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(failures - free, 60))


def count_attempt(connection: Connection, name: str, address: str, now: float) -> None:
    """Count a sign-in as failed until it succeeds; refuse one that comes too soon.

    It is counted before anybody looks at its password: of many that come at once, no more are let
    through than of as many that come one after another.

    Parameters:
        connection: Of a writer.
        name: As it was typed.
        address: Of the client.
        now: Seconds since 1970.

    Raises:
        LimitReachedError: With how long to wait; then it is not counted.
    """
    connection.execute(delete(FAILURES).where(FAILURES.c.last_at < now - _FORGOTTEN_SECONDS))
    free = {each.who: each.free for each in counted(name, address)}
    # In one order for all, so that no two writers wait for each other.
    for who in sorted(free):
        connection.execute(_beginning(connection, who, now))
    mine = FAILURES.c.who.in_(free)
    chosen = select(FAILURES).where(mine).order_by(FAILURES.c.who).with_for_update()
    rows = connection.execute(chosen).all()
    left = max(row.last_at + wait_seconds(row.failures, free[row.who]) - now for row in rows)
    if left > 0.0:
        limit = "name's or place's failed sign-ins"
        raise LimitReachedError(limit, left)
    counting = FAILURES.update().where(mine)
    connection.execute(counting.values(failures=FAILURES.c.failures + 1, last_at=now))


def note_success(connection: Connection, name: str, address: str) -> None:
    """Forget the failures of a name at an address; of those of the address only this attempt."""
    both, of_name, of_address = counted(name, address)
    connection.execute(delete(FAILURES).where(FAILURES.c.who.in_([both.who, of_name.who])))
    mine = FAILURES.update().where(FAILURES.c.who == of_address.who, FAILURES.c.failures > 0)
    connection.execute(mine.values(failures=FAILURES.c.failures - 1))


def _beginning(connection: Connection, who: str, now: float) -> Insert:
    """Return how to begin to count: of two that begin with the same at once, one does."""
    row = {"who": who, "failures": 0, "last_at": now}
    if connection.dialect.name == "postgresql":
        return postgresql.insert(FAILURES).values(row).on_conflict_do_nothing()
    return sqlite.insert(FAILURES).values(row).on_conflict_do_nothing()


def _hashed(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
