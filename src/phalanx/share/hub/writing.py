"""Adding objects: all of a request at once, each of them stored or refused by itself.

An object that has versions belongs to the member that added it first. Another member's version
of it is refused: nobody speaks, or retracts, in the name of another. Observables belong to
nobody; each member's own claim is kept beside those of the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection, and_, case, func, select, tuple_

from phalanx.share.hub.database import insert_rows
from phalanx.share.hub.moments import written_moment
from phalanx.share.hub.posted import Posted, Refused
from phalanx.share.hub.tables import OBJECTS, OPINIONS, TOMBSTONES
from phalanx.share.hub.turn import Turn

MOST_VERSIONS = 1_000
"""Of one object by one member."""

_AT_ONCE = 400
"""Identifiers in one question to the database."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one object that was sent."""

    object_id: str
    version: str
    is_stored: bool
    """Whether the collection holds it now, by this request or one before."""

    message: str = ""


@dataclass(slots=True)
class _Known:
    """What the collection holds under one identifier."""

    versions: set[tuple[int, str, int]] = field(default_factory=set)
    """Member, specification and version of those that were asked about."""

    counts: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """Member -> versions."""

    owners: set[int] = field(default_factory=set)
    """Members that hold it, or held it, where it has versions."""

    closed: dict[int, str] = field(default_factory=dict)
    """Member -> why nothing more is taken from it."""

    newest_claim: dict[int, str] = field(default_factory=dict)
    """Member -> body of its newest version, of observables."""


def add_objects(turn: Turn, sent: Sequence[Posted | Refused]) -> list[Outcome]:
    """Add what was sent to a collection.

    Parameters:
        turn: Of the member that sends.
        sent: What was read from the request.

    Returns:
        What became of each, in the order of the request.
    """
    connection, collection, member = turn.connection, turn.collection, turn.member
    # One moment for each object, and one for each tombstone that may come with it.
    moment = turn.take_moments(2 * len(sent))
    known = _known(connection, collection, [each for each in sent if isinstance(each, Posted)])
    outcomes: list[Outcome] = []
    rows: list[dict[str, object]] = []
    tombstones: list[dict[str, object]] = []
    opinions: list[dict[str, object]] = []
    again: set[str] = set()
    for each in sent:
        if isinstance(each, Refused):
            outcomes.append(Outcome(each.object_id, each.version, False, each.reason))  # noqa: FBT003
            continue
        mine = known[each.object_id]
        shown = each.version or written_moment(moment)
        held = _held(mine, each, member)
        refused = "" if held else _refusal(mine, each, member)
        outcomes.append(Outcome(each.object_id, shown, not refused, held or refused))
        if held or refused:
            continue
        is_alone = not mine.counts
        _remember(mine, each, member)
        if not is_alone:
            again.add(each.object_id)
        rows.append(_row(turn, each, moment, alone=int(is_alone)))
        opinions += _opinions(turn, each)
        moment += 1
        if each.is_revoked:
            tombstones.append(_retraction(turn, each, moment))
            moment += 1
    for table, values in ((OBJECTS, rows), (OPINIONS, opinions), (TOMBSTONES, tombstones)):
        insert_rows(connection, table, values)
    settle(connection, collection, again)
    return outcomes


def settle(connection: Connection, collection: int, identifiers: Iterable[str]) -> None:
    """Say anew which versions of objects are first, last, newest and current."""
    other = OBJECTS.alias()
    same = and_(
        other.c.collection == OBJECTS.c.collection,
        other.c.object_id == OBJECTS.c.object_id,
        other.c.member == OBJECTS.c.member,
    )
    chain = and_(same, other.c.spec_version == OBJECTS.c.spec_version)
    first = select(func.min(other.c.version_at)).where(chain).scalar_subquery()
    last = select(func.max(other.c.version_at)).where(chain).scalar_subquery()
    newest = select(func.max(other.c.spec_version)).where(same).scalar_subquery()
    is_last, is_newest = OBJECTS.c.version_at == last, OBJECTS.c.spec_version == newest
    for some in _parts(identifiers):
        chosen = and_(OBJECTS.c.collection == collection, OBJECTS.c.object_id.in_(some))
        connection.execute(
            OBJECTS.update()
            .where(chosen)
            .values(
                is_first=case((OBJECTS.c.version_at == first, 1), else_=0),
                is_last=case((is_last, 1), else_=0),
                is_newest=case((is_newest, 1), else_=0),
                is_current=case((and_(is_last, is_newest), 1), else_=0),
            )
        )


def _known(connection: Connection, collection: int, sent: Sequence[Posted]) -> dict[str, _Known]:
    """Ask what the collection holds under the identifiers of a request."""
    known: dict[str, _Known] = defaultdict(_Known)
    names = {each.object_id for each in sent}
    c = OBJECTS.c
    for some in _parts(names):
        counted = select(c.object_id, c.member, func.count(), func.max(c.is_versioned))
        mine = counted.where(c.collection == collection, c.object_id.in_(some))
        for name, member, count, is_versioned in connection.execute(
            mine.group_by(c.object_id, c.member)
        ):
            known[name].counts[member] = count
            if is_versioned:
                known[name].owners.add(member)
    # Most objects are new, and need no second look.
    old = [each for each in sent if each.object_id in known]
    _know_tombstones(connection, collection, names, known)
    _know_versions(connection, collection, old, known)
    return known


def _know_tombstones(
    connection: Connection, collection: int, names: Iterable[str], known: dict[str, _Known]
) -> None:
    c = TOMBSTONES.c
    for some in _parts(names):
        buried = select(c.object_id, c.member, c.kind, c.is_versioned)
        for name, member, kind, is_versioned in connection.execute(
            buried.where(c.collection == collection, c.object_id.in_(some))
        ):
            if is_versioned:
                known[name].owners.add(member)
            if kind != "deleted":
                known[name].closed[member] = kind


def _know_versions(
    connection: Connection, collection: int, old: Sequence[Posted], known: dict[str, _Known]
) -> None:
    c = OBJECTS.c
    for at in range(0, len(old), _AT_ONCE):
        pairs = {(each.object_id, each.version_at) for each in old[at : at + _AT_ONCE]}
        exact = select(c.object_id, c.member, c.spec_version, c.version_at)
        for name, member, spec, version_at in connection.execute(
            exact.where(c.collection == collection, tuple_(c.object_id, c.version_at).in_(pairs))
        ):
            known[name].versions.add((member, spec, version_at))
    for some in _parts(each.object_id for each in old if not each.version):
        claims = select(c.object_id, c.member, c.body).where(
            c.collection == collection, c.object_id.in_(some), c.is_last == 1, c.is_versioned == 0
        )
        for name, member, body in connection.execute(claims):
            known[name].newest_claim[member] = body


def _held(mine: _Known, each: Posted, member: int) -> str:
    """Say that this version is there already, or nothing."""
    if each.version:
        is_there = (member, each.spec_version, each.version_at) in mine.versions
        return "this version was held before, and was kept" if is_there else ""
    claim = mine.newest_claim.get(member)
    is_there = claim is not None and _says_the_same(claim, each.body)
    return "the same was held before" if is_there else ""


def _refusal(mine: _Known, each: Posted, member: int) -> str:
    """Say why an object is not taken, or nothing."""
    closed = mine.closed.get(member)
    if closed is not None:
        return f"it was {closed}: nothing more is taken under this identifier"
    if mine.owners - {member} or (each.version and set(mine.counts) - {member}):
        return "another member holds an object of this identifier"
    if mine.counts.get(member, 0) >= MOST_VERSIONS:
        return f"more than {MOST_VERSIONS:,} versions of one object"
    return ""


def _remember(mine: _Known, each: Posted, member: int) -> None:
    """Take an object of the same request into account for those that follow."""
    mine.counts[member] += 1
    if each.version:
        mine.owners.add(member)
        mine.versions.add((member, each.spec_version, each.version_at))
    else:
        mine.newest_claim[member] = each.body
    if each.is_revoked:
        mine.closed[member] = "retracted"


def _says_the_same(one: str, other: str) -> bool:
    same: bool = one == other or msgspec.json.decode(one) == msgspec.json.decode(other)
    return same


def _row(turn: Turn, each: Posted, moment: int, *, alone: int) -> dict[str, object]:
    return {
        "collection": turn.collection,
        "date_added": moment,
        "object_id": each.object_id,
        "object_type": each.object_type,
        "spec_version": each.spec_version,
        "version": each.version,
        "version_at": each.version_at if each.version else moment,
        "member": turn.member,
        "is_versioned": int(bool(each.version)),
        "is_revoked": int(each.is_revoked),
        "is_first": alone,
        "is_last": alone,
        "is_newest": alone,
        "is_current": alone,
        "size_bytes": each.size_bytes,
        "body": each.body,
    }


def _opinions(turn: Turn, each: Posted) -> list[dict[str, object]]:
    return [
        {
            "collection": turn.collection,
            "about": about,
            "opinion_id": each.object_id,
            "member": turn.member,
            "value": each.opinion,
            "version_at": each.version_at,
            "is_revoked": int(each.is_revoked),
        }
        for about in each.about
    ]


def _retraction(turn: Turn, each: Posted, moment: int) -> dict[str, object]:
    return {
        "collection": turn.collection,
        "date_added": moment,
        "object_id": each.object_id,
        "version": each.version,
        "kind": "retracted",
        "member": turn.member,
        "is_versioned": int(bool(each.version)),
        "reason": None,
    }


def _parts(identifiers: Iterable[str]) -> Iterable[list[str]]:
    every = sorted(set(identifiers))
    return (every[at : at + _AT_ONCE] for at in range(0, len(every), _AT_ONCE))
