"""How much each party may ask, so that guessing identifiers one by one takes years.

Two limits hold together, and outlast a restart: a bucket that fills up with time bounds a burst,
a number bounds the day (UTC). Both are charged in one transaction, before anything is computed;
what is refused later, because an element was none, stays charged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, case, literal, select
from sqlalchemy.exc import IntegrityError

from phalanx.errors import PolicyError
from phalanx.serving.limits import LimitReachedError
from phalanx.share.blinding.tables import BUCKETS, USAGE


@dataclass(frozen=True, slots=True)
class Limits:
    """What a party may ask."""

    elements_per_day: int = 200_000
    """In a day (UTC)."""

    burst_elements: int = 50_000
    """At once, after a pause."""

    elements_per_second: float = 20.0
    """At which the burst is restored."""

    def __post_init__(self) -> None:
        """Refuse limits that allow nothing, or fill up backwards."""
        if min(self.elements_per_day, self.burst_elements, self.elements_per_second) <= 0:
            message = "limits are above zero"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a party asked on a day."""

    elements: int
    requests: int


class Allowances:
    """The counts of all parties, in a database.

    Parameters:
        engine: Of a database with the tables of `open_tables`.
    """

    def __init__(self, engine: Engine) -> None:
        """Keep the database."""
        self._engine = engine

    def charge(self, party: str, elements: int, limits: Limits, now: datetime) -> None:
        """Count what a party asks, or refuse it and count nothing.

        Parameters:
            party: Who asks.
            elements: How many; at least one.
            limits: Of the party.
            now: With a time zone.

        Raises:
            LimitReachedError: If one of the limits does not allow it now.
            PolicyError: If they never will.
        """
        if elements > min(limits.burst_elements, limits.elements_per_day):
            message = "more at once than this party may ever ask"
            raise PolicyError(message, next_step="Ask in smaller batches.")
        try:
            self._charge_once(party, elements, limits, now)
        except IntegrityError:
            # Another request of a party's first moment made the row first; it is there now.
            self._charge_once(party, elements, limits, now)

    def usage(self, party: str, day: datetime) -> Usage:
        """Return what a party asked on a day."""
        with self._engine.connect() as connection:
            row = connection.execute(
                select(USAGE.c.elements, USAGE.c.requests).where(*_of_day(party, day))
            ).one_or_none()
        return Usage(*row) if row else Usage(0, 0)

    def _charge_once(self, party: str, elements: int, limits: Limits, now: datetime) -> None:
        with self._engine.begin() as connection:
            _take(connection, party, elements, limits, now.timestamp())
            _count(connection, party, elements, limits, now)


def _take(
    connection: Connection, party: str, elements: int, limits: Limits, seconds: float
) -> None:
    """Take elements out of the bucket, in one statement, so that no two requests share them."""
    # A clock that was set back restores nothing, and takes nothing away.
    latest = case((BUCKETS.c.at_seconds > seconds, BUCKETS.c.at_seconds), else_=literal(seconds))
    filled = BUCKETS.c.elements + (latest - BUCKETS.c.at_seconds) * limits.elements_per_second
    held: ColumnElement[float] = case(
        (filled > float(limits.burst_elements), literal(float(limits.burst_elements))),
        else_=filled,
    )
    mine = BUCKETS.c.party == party
    taken = BUCKETS.update().where(mine, held >= elements)
    if connection.execute(taken.values(elements=held - elements, at_seconds=latest)).rowcount:
        return
    there = connection.execute(select(held).where(mine)).scalar()
    if there is None and elements <= limits.burst_elements:
        left = float(limits.burst_elements - elements)
        connection.execute(BUCKETS.insert().values(party=party, elements=left, at_seconds=seconds))
        return
    missing = elements - (float(limits.burst_elements) if there is None else float(there))
    wait_seconds = max(1.0, missing / limits.elements_per_second)
    raise LimitReachedError(limit="moment", wait_seconds=wait_seconds)


def _count(
    connection: Connection, party: str, elements: int, limits: Limits, now: datetime
) -> None:
    """Add to the count of the day."""
    mine = _of_day(party, now)
    counted = USAGE.update().where(*mine, USAGE.c.elements + elements <= limits.elements_per_day)
    if connection.execute(
        counted.values(elements=USAGE.c.elements + elements, requests=USAGE.c.requests + 1)
    ).rowcount:
        return
    there = connection.execute(select(USAGE.c.elements).where(*mine)).scalar()
    if there is None and elements <= limits.elements_per_day:
        first = USAGE.insert().values(party=party, day=_day(now), elements=elements, requests=1)
        connection.execute(first)
        return
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    wait = midnight + timedelta(days=1) - now
    raise LimitReachedError(limit="day", wait_seconds=max(1.0, wait.total_seconds()))


def _of_day(party: str, day: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return USAGE.c.party == party, USAGE.c.day == _day(day)


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()
