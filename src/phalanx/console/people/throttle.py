"""Sign-ins that fail cost time: more and more of it, for a name at an address first.

Who guesses at one name from one place is stopped after a few guesses. A name that is guessed at
from many places, and an address that guesses at many names, are stopped later, so that nobody
locks out a colleague with five wrong guesses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

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
        name: As it was typed.
        address: Of the client.
    """
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


def refuse_hasty(connection: Connection, name: str, address: str, now: float) -> None:
    """Refuse a sign-in that comes too soon after others that failed.

    Parameters:
        connection: Of a reader.
        name: As it was typed.
        address: Of the client.
        now: Seconds since 1970.

    Raises:
        LimitReachedError: With how long to wait.
    """
    free = {each.who: each.free for each in counted(name, address)}
    rows = connection.execute(select(FAILURES).where(FAILURES.c.who.in_(free))).all()
    left = max(
        (row.last_at + wait_seconds(row.failures, free[row.who]) - now for row in rows),
        default=0.0,
    )
    if left > 0.0:
        limit = "name or place: too many sign-ins failed"
        raise LimitReachedError(limit, left)


def note_failure(connection: Connection, name: str, address: str, now: float) -> None:
    """Count a sign-in that failed."""
    connection.execute(delete(FAILURES).where(FAILURES.c.last_at < now - _FORGOTTEN_SECONDS))
    for each in counted(name, address):
        mine = FAILURES.c.who == each.who
        before = connection.execute(select(FAILURES.c.failures).where(mine)).scalar()
        if before is None:
            row = FAILURES.insert().values(who=each.who, failures=1, last_at=now)
            connection.execute(row)
        else:
            connection.execute(
                FAILURES.update().where(mine).values(failures=before + 1, last_at=now)
            )


def note_success(connection: Connection, name: str, address: str) -> None:
    """Forget the failures of a name at an address; those of the address stay."""
    both, of_name, _ = counted(name, address)
    connection.execute(delete(FAILURES).where(FAILURES.c.who.in_([both.who, of_name.who])))


def _hashed(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
