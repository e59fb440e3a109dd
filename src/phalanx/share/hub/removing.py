"""Taking objects back: deleted, retracted or removed for good, and who has heard of it.

What is gone leaves a tombstone in the same order of moments as what is added, so that a receiver
that reads both lists from where it stopped misses nothing. *Deleted* versions may be added again
by their member. An object that was *retracted* (a version with `revoked`) stays readable, and
ends there. *Removed* means that its versions are erased and its identifier is never taken again.

Each receiver decides alone what it does about a tombstone, and says so with its own reason. The
member whose object it was learns how many have, not who.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, and_, func, select, tuple_

from phalanx.share.hub.filters import Asked, Filters
from phalanx.share.hub.members import can_prove_itself
from phalanx.share.hub.tables import (
    ACKNOWLEDGEMENTS,
    MEMBERS,
    OBJECTS,
    OPINIONS,
    RIGHTS,
    TOMBSTONES,
)
from phalanx.share.hub.turn import Turn
from phalanx.share.hub.writing import settle

Action = Literal["removed", "kept", "not-held"]
"""What a receiver did."""

MOST_REASON_CHARACTERS = 1_000

_Row = Row[*tuple[Any, ...]]

_COLUMNS = (
    TOMBSTONES.c.date_added,
    TOMBSTONES.c.number,
    TOMBSTONES.c.object_id,
    TOMBSTONES.c.version,
    TOMBSTONES.c.kind,
    TOMBSTONES.c.reason,
    TOMBSTONES.c.member,
)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Something that is gone."""

    date_added: int
    number: int
    object_id: str

    version: str | None
    """Null means all of them."""

    kind: str
    """deleted, retracted or removed."""

    reason: str | None
    member: int
    """Whose it was; for the hub only."""

    action: str | None
    """What the member that asks did about it."""


@dataclass(frozen=True, slots=True)
class _Burial:
    kind: str
    version: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """How many members have acknowledged a tombstone."""

    readers: int
    """That may read the collection and can prove who they are, without the one whose object it
    was. Only what these did is counted."""

    removed: int
    kept: int
    not_held: int


def delete_versions(turn: Turn, object_id: str, chosen: Filters) -> int | None:
    """Delete versions of a member's own object.

    Parameters:
        turn: Of the member.
        object_id: Of the object.
        chosen: Versions and specifications; nothing said means all of them.

    Returns:
        How many were deleted; null if the object is another member's.
    """
    moment = turn.take_moments(1)
    rows = _versions(turn, object_id)
    own = [row for row in rows if row.member == turn.member]
    if rows and not own:
        return None
    gone = _chosen(own, chosen)
    if not gone:
        return 0
    _erase(turn, object_id, gone)
    if len(gone) == len(own):
        _bury(turn, gone[0], moment, _Burial("deleted"))
    else:
        moment = turn.take_moments(len(gone))
        for later, row in enumerate(gone):
            _bury(turn, row, moment + later, _Burial("deleted", version=row.version))
    return len(gone)


def remove_object(turn: Turn, object_id: str, reason: str | None) -> bool | None:
    """Erase all of a member's versions of an object, and never take it again.

    Returns:
        Whether there was anything; null if the object is another member's.
    """
    moment = turn.take_moments(1)
    rows = _versions(turn, object_id)
    own = [row for row in rows if row.member == turn.member]
    if not own:
        return None if rows else False
    _erase(turn, object_id, own)
    _bury(turn, own[-1], moment, _Burial("removed", reason=reason))
    return True


def tombstones_of(
    connection: Connection, collection: int, member: int, page: Asked
) -> tuple[Sequence[Tombstone], bool]:
    """Return a page of tombstones, and whether more follow."""
    place = tuple_(TOMBSTONES.c.date_added, TOMBSTONES.c.number)
    chosen = _with_action(member).where(
        TOMBSTONES.c.collection == collection, place > tuple_(*page.after)
    )
    if page.filters.ids:
        chosen = chosen.where(TOMBSTONES.c.object_id.in_(page.filters.ids))
    ordered = chosen.order_by(TOMBSTONES.c.date_added, TOMBSTONES.c.number)
    rows = [Tombstone(*row) for row in connection.execute(ordered.limit(page.limit + 1))]
    return rows[: page.limit], len(rows) > page.limit


def tombstone_of(
    connection: Connection, collection: int, member: int, number: int
) -> Tombstone | None:
    """Return one tombstone."""
    mine = (TOMBSTONES.c.collection == collection, TOMBSTONES.c.number == number)
    row = connection.execute(_with_action(member).where(*mine)).one_or_none()
    return Tombstone(*row) if row else None


def acknowledge(turn: Turn, number: int, action: Action, reason: str | None) -> None:
    """Keep what a member did about a tombstone, in place of what it said before."""
    c = ACKNOWLEDGEMENTS.c
    said = {"action": action, "reason": reason, "acknowledged_at": turn.now}
    again = ACKNOWLEDGEMENTS.update().where(c.tombstone == number, c.member == turn.member)
    if not turn.connection.execute(again.values(said)).rowcount:
        row = {"tombstone": number, "member": turn.member}
        turn.connection.execute(ACKNOWLEDGEMENTS.insert().values(row | said))


def heard_of(connection: Connection, collection: int, tombstone: Tombstone) -> Heard:
    """Return how many members have acknowledged a tombstone."""
    c = ACKNOWLEDGEMENTS.c
    mine = and_(c.member == RIGHTS.c.member, c.tombstone == tombstone.number)
    said = (
        select(c.action, func.count())
        .join_from(RIGHTS, MEMBERS, RIGHTS.c.member == MEMBERS.c.number)
        .outerjoin(ACKNOWLEDGEMENTS, mine)
        .where(
            RIGHTS.c.collection == collection,
            RIGHTS.c.can_read == 1,
            RIGHTS.c.member != tombstone.member,
            can_prove_itself(),
        )
        .group_by(c.action)
    )
    # Of who has not answered the action is null.
    counts = {row[0]: row[1] for row in connection.execute(said)}
    return Heard(
        readers=sum(counts.values()),
        removed=counts.get("removed", 0),
        kept=counts.get("kept", 0),
        not_held=counts.get("not-held", 0),
    )


def _versions(turn: Turn, object_id: str) -> Sequence[_Row]:
    c = OBJECTS.c
    wanted = (
        c.sequence, c.member, c.spec_version, c.version, c.version_at, c.is_versioned, c.object_id
    )  # fmt: skip
    found = select(*wanted).where(c.collection == turn.collection, c.object_id == object_id)
    return turn.connection.execute(found.order_by(c.version_at, c.sequence)).all()


def _chosen(rows: Sequence[_Row], chosen: Filters) -> Sequence[_Row]:
    specs, words = chosen.spec_versions, chosen.versions or ("all",)
    rows = [row for row in rows if not specs or row.spec_version in specs]
    if not rows or "all" in words:
        return rows
    wanted = set(chosen.moments)
    if "first" in words:
        wanted.add(rows[0].version_at)
    if "last" in words:
        wanted.add(rows[-1].version_at)
    return [row for row in rows if row.version_at in wanted]


def _erase(turn: Turn, object_id: str, gone: Sequence[_Row]) -> None:
    sequences = [row.sequence for row in gone]
    turn.connection.execute(OBJECTS.delete().where(OBJECTS.c.sequence.in_(sequences)))
    turn.connection.execute(
        OPINIONS.delete().where(
            OPINIONS.c.collection == turn.collection,
            OPINIONS.c.opinion_id == object_id,
            OPINIONS.c.member == turn.member,
            OPINIONS.c.version_at.in_([row.version_at for row in gone]),
        )
    )
    settle(turn.connection, turn.collection, [object_id])


def _bury(turn: Turn, row: _Row, moment: int, burial: _Burial) -> None:
    turn.connection.execute(
        TOMBSTONES.insert().values(
            collection=turn.collection,
            date_added=moment,
            object_id=row.object_id,
            version=burial.version,
            kind=burial.kind,
            member=turn.member,
            is_versioned=row.is_versioned,
            reason=burial.reason,
        )
    )


def _with_action(member: int) -> Select[*tuple[Any, ...]]:
    mine = (
        select(ACKNOWLEDGEMENTS.c.action)
        .where(
            ACKNOWLEDGEMENTS.c.tombstone == TOMBSTONES.c.number,
            ACKNOWLEDGEMENTS.c.member == member,
        )
        .scalar_subquery()
    )
    return select(*_COLUMNS, mine)
