"""Pulling: what is new comes in, the lists are made anew, and the hub hears what was removed.

The order makes it safe to stop anywhere. What was received is kept with the cursor behind it; the
lists are written after that; only what has left the lists is acknowledged as removed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select, update

from phalanx.share.client import Acknowledgements, Collection, acknowledge, pull, tombstone
from phalanx.share.exchange.house import House
from phalanx.share.exchange.match_list import MatchList, match_list, write_match_list
from phalanx.share.exchange.receiving import Received, cursor_at, receive
from phalanx.share.exchange.standing import Standing, standing
from phalanx.share.exchange.tables import RECEIVED, TOMBSTONES
from phalanx.share.exchange.uncounted import Uncounted, uncounted
from phalanx.share.gate.audit import PROGRAM
from phalanx.share.wire import OpinionSummary

MOST_ASKED = 100
"""Own tombstones that are asked about in one run: who has heard of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCampaign:
    """A campaign of the member's own that stands, and what others think of it."""

    object_id: str
    name: str
    summary: OpinionSummary
    sightings: int
    """Members that say they saw it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardOf:
    """An object of the member's own that is gone, and who has heard of it."""

    object_id: str
    told: Acknowledgements


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledIn:
    """What a pull came to."""

    received: Received
    matches: MatchList
    standing: Standing
    own: tuple[OwnCampaign, ...]
    uncounted: tuple[Uncounted, ...]
    """What is held, and was signed with keys that count no longer."""


def pull_in(
    house: House,
    collection: Collection,
    *,
    from_start: bool = False,
    also: Callable[[Standing, MatchList], None] = lambda *_: None,
) -> PulledIn:
    """Take what is new, and make the match list anew.

    Parameters:
        house: The member.
        collection: Of the hub.
        from_start: Whether the collection is read from its beginning, for what was rejected before
            and would be taken now.
        also: Writes what else is made from what stands, while no other pull may.

    Raises:
        PhalanxError: As `phalanx.share.client.pull`; what was taken until then is kept.
    """
    place = house.settings.hub.url
    received = Received()
    with house.folder.writing() as connection:
        cursor = cursor_at(connection, place)
    for part in pull(collection, None if from_start else cursor):
        receive(house, part, place, received)
    # Both within the lock: a list that was read before another pull is not written after it.
    with house.folder.writing() as connection:
        stands = standing(connection, house.pinned)
        listed = match_list(stands, house.member, house.now)
        write_match_list(listed.table, house.folder.folder)
        also(stands, listed)
    _note(house, received)
    return PulledIn(
        received=received,
        matches=listed,
        standing=stands,
        own=_own(house, stands),
        uncounted=uncounted(house, stands),
    )


def acknowledge_removals(house: House, collection: Collection) -> int:
    """Tell the hub what was done about what is gone, and return how often.

    Parameters:
        house: The member, whose lists were made anew.
        collection: Of the hub.
    """
    c, held = TOMBSTONES.c, RECEIVED.c
    # What the hub calls retracted, and no version of its author does, was not removed.
    stands = select(held.object_id).where(
        held.is_newest.is_(True), held.is_revoked.is_(False), held.version != ""
    )
    chosen = select(TOMBSTONES).where(
        c.is_done.is_(False), c.is_own.is_(False), c.object_id.not_in(stands)
    )
    with house.folder.writing() as connection:
        waiting = connection.execute(chosen.order_by(TOMBSTONES.c.number)).all()
    for row in waiting:
        acknowledge(collection, row.number, "removed" if row.was_held else "not-held")
        _done(house, row.number)
    return len(waiting)


def heard_of(house: House, collection: Collection) -> tuple[HeardOf, ...]:
    """Return who has heard of what the member took back, as long as not all have.

    Parameters:
        house: The member.
        collection: Of the hub.
    """
    chosen = (
        select(TOMBSTONES)
        .where(TOMBSTONES.c.is_done.is_(False), TOMBSTONES.c.is_own.is_(True))
        .order_by(TOMBSTONES.c.number.desc())
        .limit(MOST_ASKED)
    )
    with house.folder.writing() as connection:
        waiting = connection.execute(chosen).all()
    found = []
    for row in waiting:
        told = tombstone(collection, row.number).acknowledgements
        if told is None:
            continue
        found.append(HeardOf(object_id=row.object_id, told=told))
        if told.removed + told.kept + told.not_held >= told.readers:
            _done(house, row.number)
    return tuple(found)


def _done(house: House, number: int) -> None:
    with house.folder.writing() as connection:
        connection.execute(
            update(TOMBSTONES).where(TOMBSTONES.c.number == number).values(is_done=True)
        )


def _note(house: House, received: Received) -> None:
    """Note in the audit log what was done with what came in, and that nobody else decided it."""
    listed = [
        _said(each.id, "listed", "signed by its author; listing touches no account")
        for each in received.taken
        if each.type in {"campaign", "indicator"} and not each.fields.get("revoked")
    ]
    removed = [_said(name, "removed", "taken back by its author") for name in received.retracted]
    house.audit.append_all(house.now, "received", PROGRAM, listed + removed)


def _said(object_id: str, action: str, reason: str) -> dict[str, object]:
    return {"object": object_id, "action": action, "reason": reason}


def _own(house: House, stands: Standing) -> tuple[OwnCampaign, ...]:
    sighted: dict[str, set[str]] = {}
    for each in stands.of("sighting"):
        sighted.setdefault(each.item["sighting_of_ref"], set()).add(each.member)
    return tuple(
        OwnCampaign(
            object_id=each.id,
            name=str(each.item["name"]),
            summary=stands.verdict([each.id], each.member),
            sightings=len(sighted.get(each.id, set()) - {house.member}),
        )
        for each in stands.of("campaign")
        if each.member == house.member
    )
