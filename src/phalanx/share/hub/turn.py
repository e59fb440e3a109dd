"""A member's turn to change a collection: while it lasts, nobody else changes it.

What is added, or buried, takes a moment of its own. Moments of one collection only grow,
whatever the clock does, and become visible in their order: a reader that has seen one has seen
all before it. No two things share one, so `added_after` alone loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, case

from phalanx.share.hub.tables import COLLECTIONS


@dataclass(frozen=True, slots=True)
class Turn:
    """Who changes what, and when."""

    connection: Connection
    """Of a writer, in the transaction that the turn lasts for."""

    collection: int
    """Number of the collection."""

    member: int
    """Number of the member."""

    now: int
    """In microseconds, by the clock of this machine."""

    def take_moments(self, count: int) -> int:
        """Hold the collection until the transaction ends, and take moments that nothing has yet.

        Parameters:
            count: How many, at least 1.

        Returns:
            The first of them.
        """
        last, now = COLLECTIONS.c.last_added, self.now
        moved = case((last >= now, last + count), else_=now + count - 1)
        mine = COLLECTIONS.update().where(COLLECTIONS.c.number == self.collection)
        taken = mine.values(last_added=moved).returning(last)
        newest: int = self.connection.execute(taken).scalar_one()
        return newest - count + 1
