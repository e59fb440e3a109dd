"""What the records of a member of an alliance hold: received, waiting, sent, rejected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Row, func, select

from phalanx.share.exchange.building import Prepared
from phalanx.share.exchange.house import House, open_house
from phalanx.share.exchange.leaving import judge, slots
from phalanx.share.exchange.outbox import last_batch, waiting
from phalanx.share.exchange.settings import load_settings
from phalanx.share.exchange.tables import RECEIVED, REJECTED, SENT
from phalanx.share.gate.findings import Finding
from phalanx.share.wire import Object, document

ON_A_PAGE = 100
_MOST_REJECTED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The newest version of an object of another member."""

    object_id: str
    type: str
    member: str
    """Pseudonym, where the agreement names one."""

    name: str
    """What it says of itself, in its own words."""

    confidence: int | None
    received_at: datetime
    is_revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """What the hub handed out and was not taken."""

    object_id: str
    reason: str
    rejected_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """What came."""

    received: tuple[Received, ...]
    in_all: int
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An object that is to leave, and what the gate says of it now."""

    object_id: str
    type: str
    campaign: str
    action: str
    """The hardest of what the rules do, `allow` where none fires."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A version that left."""

    object_id: str
    type: str
    version: str
    campaign: str
    sent_at: datetime
    is_acknowledged: bool
    """Whether the hub said that it has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """What is to leave, and what left."""

    waiting: tuple[Waiting, ...]
    next_slot: datetime
    """When the next batch may leave."""

    sent: tuple[Sent, ...]
    sent_in_all: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the gate says of one object now."""

    action: str
    findings: tuple[Finding, ...]


def open_member(settings: Path, now: datetime) -> House:
    """Open the records of a member.

    Raises:
        ConfigError: If its settings or what they name cannot be used.
        InputError: If its records cannot.
    """
    return open_house(load_settings(settings), now)


def inbox(house: House, page: int) -> Inbox:
    """Return what came of others, the newest first.

    Parameters:
        house: The member.
        page: From 1.
    """
    names = names_of(house)
    others = RECEIVED.c.is_newest.is_(True) & (RECEIVED.c.member != house.member)
    with house.folder.writing() as connection:
        total = connection.execute(select(func.count()).where(others)).scalar_one()
        rows = connection.execute(
            select(RECEIVED)
            .where(others)
            .order_by(RECEIVED.c.received_at.desc(), RECEIVED.c.object_id)
            .offset((page - 1) * ON_A_PAGE)
            .limit(ON_A_PAGE)
        ).all()
        refused = connection.execute(
            select(REJECTED).order_by(REJECTED.c.number.desc()).limit(_MOST_REJECTED)
        ).all()
    return Inbox(
        received=tuple(_received(row, names) for row in rows),
        in_all=total,
        rejected=tuple(
            Rejected(
                object_id=row.object_id,
                reason=row.reason,
                rejected_at=datetime.fromisoformat(row.rejected_at),
            )
            for row in refused
        ),
    )


def outbox(house: House, page: int) -> Outbox:
    """Return what is to leave, judged now, and what left, the newest first.

    Parameters:
        house: The member.
        page: Of what left, from 1.
    """
    with house.folder.writing() as connection:
        items, last = waiting(connection), last_batch(connection)
        total = connection.execute(select(func.count()).select_from(SENT)).scalar_one()
        rows = connection.execute(
            select(SENT)
            .order_by(SENT.c.number.desc())
            .offset((page - 1) * ON_A_PAGE)
            .limit(ON_A_PAGE)
        ).all()
    slot, following = slots(house, last)
    return Outbox(
        waiting=tuple(
            Waiting(
                object_id=each.prepared.item["id"],
                type=each.prepared.item["type"],
                campaign=each.prepared.campaign,
                action=each.decision.action,
                findings=tuple(each.decision.findings),
            )
            for each in judge(house, items)
        ),
        next_slot=slot or following,
        sent=tuple(
            Sent(
                object_id=row.object_id,
                type=row.object_id.partition("--")[0],
                version=row.version,
                campaign=row.campaign,
                sent_at=datetime.fromisoformat(row.sent_at),
                is_acknowledged=row.is_acknowledged,
            )
            for row in rows
        ),
        sent_in_all=total,
    )


def judged_now(house: House, item: Object) -> Judgement:
    """Return what the gate says of an object now, its approvals counted.

    Parameters:
        house: The member.
        item: The object.
    """
    with house.folder.writing() as connection:
        known = {each.item["id"]: each for each in waiting(connection)}
    prepared = known.get(item["id"])
    if prepared is None or document(prepared.item).raw != document(item).raw:
        prepared = Prepared(item=item)
    (found,) = judge(house, [prepared])
    return Judgement(found.decision.action, tuple(found.decision.findings))


def names_of(house: House) -> dict[str, str]:
    """Return the pseudonyms of members by the identifiers under which they appear."""
    return {each.id: each.pseudonym for each in house.agreement.members}


def _received(row: Row[Any], names: dict[str, str]) -> Received:
    item: Object = msgspec.json.decode(row.raw)
    said = item.get("name") or item.get("pattern") or item.get("opinion") or item.get("value") or ""
    confidence = item.get("confidence")
    return Received(
        object_id=row.object_id,
        type=row.type,
        member=names.get(row.member, row.member),
        name=str(said)[:300],
        confidence=confidence if isinstance(confidence, int) else None,
        received_at=datetime.fromisoformat(row.received_at),
        is_revoked=row.is_revoked,
    )
