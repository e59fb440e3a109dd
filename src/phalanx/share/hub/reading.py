"""Pages of objects, in the order in which they were added.

A page costs the same wherever it stands in the list, and however long the list is: it is a run
of an index that begins at a key, never an offset. Bodies are fetched when it is known how many
fit into a page, and are passed on as they were stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, product
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    or_,
    select,
    tuple_,
    union_all,
)

from phalanx.share.hub.filters import Asked, Filters
from phalanx.share.hub.moments import written_moment
from phalanx.share.hub.tables import OBJECTS

MOST_PAGE_BYTES = 12_000_000
"""Of bodies on a page, if it holds more than one."""

_KEYS = (OBJECTS.c.date_added, OBJECTS.c.sequence)
_PLACE = tuple_(*_KEYS)
# As a sum no index holds it: without statistics, SQLite would rather walk the whole list than
# sort what it finds by identifier.
_IS_CURRENT = OBJECTS.c.is_current + 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A version of an object, without its body."""

    date_added: int
    sequence: int
    size_bytes: int
    object_id: str
    spec_version: str
    version: str
    is_revoked: int

    @property
    def shown_version(self) -> str:
        """Its version as TAXII shows it: of what has none, the moment when it was added."""
        return self.version or written_moment(self.date_added)

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the list."""
        return self.date_added, self.sequence


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list."""

    entries: tuple[Entry, ...]
    more: bool
    """Whether anything follows."""


def page_of(
    connection: Connection, collection: int, page: Asked, *, most_bytes: int | None = None
) -> Page:
    """Return a page without bodies.

    Parameters:
        connection: Of a reader.
        collection: Its number.
        page: What is asked for.
        most_bytes: Of bodies; the page ends before there are more, but not before its first.
    """
    chosen = _run(collection, page, _ENTRY, page.limit + 1)
    entries = [Entry(*row) for row in connection.execute(chosen)]
    fit = min(page.limit, len(entries))
    if most_bytes is not None:
        sums = accumulate(entry.size_bytes for entry in entries[:fit])
        fit = max(1, sum(total <= most_bytes for total in sums)) if entries else 0
    return Page(tuple(entries[:fit]), len(entries) > fit)


def bodies_of(connection: Connection, collection: int, asked: Asked, page: Page) -> Sequence[str]:
    """Return the bodies of a page of the same moment."""
    if not page.entries:
        return ()
    last, count = page.entries[-1].place, len(page.entries)
    body = (OBJECTS.c.date_added, OBJECTS.c.sequence, OBJECTS.c.body)
    rows = connection.execute(_run(collection, asked, body, count, until=last))
    return [row[2] for row in rows]


def holds(connection: Connection, collection: int, object_id: str) -> bool:
    """Tell whether a collection holds any version of an object."""
    found = select(OBJECTS.c.sequence).where(*_of(collection), OBJECTS.c.object_id == object_id)
    return connection.execute(found.limit(1)).first() is not None


_ENTRY = (
    OBJECTS.c.date_added,
    OBJECTS.c.sequence,
    OBJECTS.c.size_bytes,
    OBJECTS.c.object_id,
    OBJECTS.c.spec_version,
    OBJECTS.c.version,
    OBJECTS.c.is_revoked,
)


def _run(
    collection: int,
    page: Asked,
    columns: tuple[ColumnElement[Any], ...],
    limit: int,
    *,
    until: tuple[int, int] | None = None,
) -> Select[*tuple[Any, ...]]:
    """Return the statement of a run: one or more parts of an index, merged in their order."""
    filters = page.filters
    within = [_PLACE > tuple_(*page.after)]  # noqa: SIM300 - a comparison of columns
    if until is not None:
        within.append(_PLACE <= tuple_(*until))  # noqa: SIM300 - as above
    wanted = [*within, *_versions(filters)]
    if filters.ids:
        mine = [*_of(collection), OBJECTS.c.object_id.in_(filters.ids)]
        if filters.types:
            mine.append(OBJECTS.c.object_type.in_(filters.types))
        chosen = select(*columns).where(*mine, *wanted)
        return chosen.order_by(*_KEYS).limit(limit)
    parts = []
    for head in _heads(filters):
        part = select(*columns).where(*_of(collection), *head, *wanted)
        parts.append(part.order_by(*_KEYS).limit(limit))
    if len(parts) == 1:
        return parts[0]
    merged = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return select(merged).order_by(merged.c.date_added, merged.c.sequence).limit(limit)


def _heads(filters: Filters) -> list[list[ColumnElement[bool]]]:
    """Return the words of an index that each part is a run of."""
    if len(filters.moments) == len(filters.versions) > 0:
        # What bears one version is little, whatever its type.
        within = [OBJECTS.c.object_type.in_(filters.types)] if filters.types else []
        return [
            [OBJECTS.c.version_at == moment, *within] for moment in dict.fromkeys(filters.moments)
        ]
    currents = (0, 1) if _wants_older(filters) else (1,)
    return [
        [OBJECTS.c.is_current == is_current, *([OBJECTS.c.object_type == kind] if kind else [])]
        for is_current, kind in product(currents, filters.types or (None,))
    ]


def _of(collection: int) -> list[ColumnElement[bool]]:
    return [OBJECTS.c.collection == collection]


def _wants_older(filters: Filters) -> bool:
    """Tell whether versions that are not current can match."""
    return bool(filters.spec_versions) or filters.versions not in {(), ("last",)}


def _versions(filters: Filters) -> list[ColumnElement[bool]]:
    """Return the conditions on version and specification."""
    if not _wants_older(filters):
        return [_IS_CURRENT == 1] if filters.ids else []
    conditions: list[ColumnElement[bool]] = []
    if filters.spec_versions:
        conditions.append(OBJECTS.c.spec_version.in_(filters.spec_versions))
    else:
        conditions.append(OBJECTS.c.is_newest == 1)
    words = filters.versions or ("last",)
    if "all" in words:
        return conditions
    either: list[ColumnElement[bool]] = []
    if filters.moments:
        either.append(OBJECTS.c.version_at.in_(filters.moments))
    if "first" in words:
        either.append(_outermost(filters, OBJECTS.c.is_first, is_last=False))
    if "last" in words:
        either.append(_outermost(filters, OBJECTS.c.is_last, is_last=True))
    return [*conditions, or_(*either)]


def _outermost(filters: Filters, flag: ColumnElement[int], *, is_last: bool) -> ColumnElement[bool]:
    """Return the condition that no other version of the chosen specifications goes beyond one."""
    if len(filters.spec_versions) < 2:
        return flag == 1
    other = OBJECTS.alias()
    beyond = (
        other.c.version_at > OBJECTS.c.version_at
        if is_last
        else other.c.version_at < OBJECTS.c.version_at
    )
    same = and_(
        other.c.collection == OBJECTS.c.collection,
        other.c.object_id == OBJECTS.c.object_id,
        other.c.member == OBJECTS.c.member,
        other.c.spec_version.in_(filters.spec_versions),
    )
    return and_(flag == 1, ~exists(select(other.c.sequence).where(same, beyond)))
