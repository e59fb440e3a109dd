"""The last scan that a store kept, and the groups that it saw."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Connection, func, select

from phalanx.store.place import DatabasePlace
from phalanx.store.schema import reach, translated
from phalanx.store.tables import CAMPAIGNS, MEMBERS, SCANS


@contextmanager
def last_scan(place: DatabasePlace) -> Iterator[tuple[Connection, int]]:
    """Open a store to read what its last scan saw.

    Parameters:
        place: Of its database, which is only read.

    Yields:
        The connection, and the number of that scan; 0 for none.

    Raises:
        InputError: If there is no store.
        ServiceError: If the database cannot be reached.
    """
    engine = reach(place)
    try:
        with translated(place), engine.connect() as connection:
            yield connection, connection.execute(select(func.max(SCANS.c.number))).scalar() or 0
    finally:
        engine.dispose()


def seen_by(scan: int, verdict: str) -> ColumnElement[bool]:
    """Return the condition on members of groups of a verdict that both were seen by a scan."""
    return (
        (CAMPAIGNS.c.verdict == verdict)
        & (CAMPAIGNS.c.last_scan == scan)
        & (MEMBERS.c.last_scan == scan)
    )
