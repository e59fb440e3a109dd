"""What is to leave and what left: the same thing is sent once, a change is a new version.

An object is compared with its last version by its content, without `created` and `modified`. What
waits keeps its bytes from run to run, because an approval is of these very bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, delete, func, select, update

from phalanx.share.exchange.building import Prepared
from phalanx.share.exchange.tables import BATCHES, PLACES, SENT, WAITING
from phalanx.share.wire import Object, Signature, content_hash, document, timestamp


@dataclass(frozen=True, slots=True)
class _Nothing:
    content: str = ""


_NOTHING = _Nothing()
_SIGNATURE = msgspec.json.Decoder(Signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A version that left or is leaving."""

    raw: bytes
    signature: Signature
    campaign: str = ""
    """That it belongs to."""

    is_acknowledged: bool = False
    """Whether the hub said that it has it."""

    @property
    def item(self) -> Object:
        """The version, read."""
        item: Object = msgspec.json.decode(self.raw, type=dict)
        return item


@dataclass(frozen=True, slots=True)
class LastBatch:
    """The batch that left last."""

    slot: datetime | None
    objects: int


def fresh(
    connection: Connection, prepared: Iterable[Prepared], now: datetime
) -> Iterator[Prepared]:
    """Yield what is neither waiting nor sent in this form, as the next version of what was.

    Parameters:
        connection: To the alliance folder.
        prepared: As it was built.
        now: When.
    """
    for each in prepared:
        if each.campaign and is_taken_back(connection, each.campaign):
            continue
        content = content_of(each.item)
        identity = each.item["id"]
        waiting = connection.execute(
            select(WAITING.c.content).where(WAITING.c.object_id == identity)
        ).one_or_none()
        sent = connection.execute(_newest(identity)).one_or_none()
        last: Object = msgspec.json.decode(sent.raw) if sent else {}
        # What waits is newer than what left; what was taken back is never said again.
        if content == (waiting or sent or _NOTHING).content or last.get("revoked"):
            continue
        yield _next_version(each, last, now) if "modified" in last else each


def is_taken_back(connection: Connection, object_id: str) -> bool:
    """Tell whether the last version of an object that left takes it back."""
    sent = newest_sent(connection, object_id)
    return sent is not None and sent.item.get("revoked") is True


def content_of(item: Object) -> str:
    """Return the hash of what an object says, whenever it says it.

    Examples:
        >>> content_of({"id": "x", "created": "a"}) == content_of({"id": "x", "modified": "b"})
        True
    """
    said = {name: each for name, each in item.items() if name not in {"created", "modified"}}
    return content_hash(said)


def _next_version(new: Prepared, last: Object, now: datetime) -> Prepared:
    moment = max(now, datetime.fromisoformat(last["modified"]) + timedelta(milliseconds=1))
    item = {**new.item, "created": last["created"], "modified": timestamp(moment)}
    return Prepared(item=item, campaign=new.campaign, template_accounts=new.template_accounts)


def wait(connection: Connection, prepared: Iterable[Prepared]) -> None:
    """Put objects behind those that wait; a newer form takes the place of an older one."""
    last = connection.execute(select(func.max(WAITING.c.place))).scalar() or 0
    for place, each in enumerate(prepared, start=last + 1):
        connection.execute(delete(WAITING).where(WAITING.c.object_id == each.item["id"]))
        connection.execute(
            WAITING.insert().values(
                object_id=each.item["id"],
                place=place,
                raw=document(each.item).raw,
                content=content_of(each.item),
                template_accounts=each.template_accounts,
                campaign=each.campaign,
            )
        )


def waiting(connection: Connection) -> tuple[Prepared, ...]:
    """Return what waits, in its order."""
    rows = connection.execute(select(WAITING).order_by(WAITING.c.place)).all()
    return tuple(
        Prepared(
            item=msgspec.json.decode(row.raw),
            campaign=row.campaign,
            template_accounts=row.template_accounts,
        )
        for row in rows
    )


def forget_waiting(connection: Connection, object_ids: Sequence[str]) -> int:
    """Take objects out of those that wait, and return how many were there."""
    done = 0
    for each in object_ids:
        done += connection.execute(delete(WAITING).where(WAITING.c.object_id == each)).rowcount
    return done


def leave(connection: Connection, left: Leaving, content: str, now: datetime) -> None:
    """Note that a version is leaving; it no longer waits.

    Parameters:
        connection: To the alliance folder.
        left: As it leaves.
        content: Of the object as it was prepared: what the gate changed in it does not make it
            another one.
        now: When.
    """
    signed = left.signature
    forget_waiting(connection, [signed.object_id])
    number = (connection.execute(select(func.max(SENT.c.number))).scalar() or 0) + 1
    connection.execute(
        SENT.insert().values(
            object_id=signed.object_id,
            version=signed.object_version,
            number=number,
            raw=left.raw,
            signature=msgspec.json.encode(signed),
            content=content,
            campaign=left.campaign,
            sent_at=now.isoformat(),
            is_acknowledged=left.is_acknowledged,
        )
    )


def acknowledge(connection: Connection, versions: Iterable[tuple[str, str]]) -> None:
    """Note that the hub has versions, each by identifier and version."""
    for object_id, version in versions:
        connection.execute(
            update(SENT)
            .where(SENT.c.object_id == object_id, SENT.c.version == version)
            .values(is_acknowledged=True)
        )


def unacknowledged(connection: Connection) -> tuple[Leaving, ...]:
    """Return what left and is not known to have arrived."""
    chosen = select(SENT).where(SENT.c.is_acknowledged.is_(False)).order_by(SENT.c.number)
    return tuple(map(_leaving, connection.execute(chosen)))


def newest_sent(connection: Connection, object_id: str) -> Leaving | None:
    """Return the newest version of an object that left, or nothing."""
    row = connection.execute(_newest(object_id)).one_or_none()
    return None if row is None else _leaving(row)


def told_no_more(connection: Connection, prepared: Iterable[Prepared], kind: str) -> frozenset[str]:
    """Return what the newest versions that left refer to, and their next ones no longer do.

    Parameters:
        connection: To the alliance folder.
        prepared: Next versions.
        kind: Type of the objects that are looked for.
    """
    gone: set[str] = set()
    for each in prepared:
        sent = newest_sent(connection, each.item["id"])
        if sent is not None and not sent.item.get("revoked"):
            before = set(sent.item.get("object_refs", ()))
            gone |= before - set(each.item.get("object_refs", ()))
    return frozenset(each for each in gone if each.startswith(f"{kind}--"))


def sent_of_campaign(connection: Connection, campaign: str) -> tuple[str, ...]:
    """Return the identifiers of what left and of what waits about a campaign."""
    found: dict[str, None] = {}
    for table, order in ((SENT, SENT.c.number), (WAITING, WAITING.c.place)):
        chosen = select(table.c.object_id).where(table.c.campaign == campaign).order_by(order)
        found |= dict.fromkeys(connection.execute(chosen).scalars())
    return tuple(found)


def forget_sent(connection: Connection, object_id: str) -> None:
    """Forget an observable that the hub was asked to delete, so that it may be sent again."""
    connection.execute(delete(SENT).where(SENT.c.object_id == object_id))


def last_batch(connection: Connection) -> LastBatch:
    """Return the batch that left last; of none the numbers are nothing and 0."""
    row = connection.execute(select(BATCHES).order_by(BATCHES.c.slot.desc()).limit(1)).first()
    return LastBatch(datetime.fromisoformat(row.slot), row.objects) if row else LastBatch(None, 0)


def note_batch(connection: Connection, slot: datetime, objects: int) -> None:
    """Note a batch."""
    connection.execute(BATCHES.insert().values(slot=slot.isoformat(), objects=objects))


def known_epoch(connection: Connection) -> int:
    """Return the epoch in which identifiers were blinded last; 0 if none were."""
    chosen = select(PLACES.c.place).where(PLACES.c.what == "epoch")
    return int(connection.execute(chosen).scalar() or 0)


def note_epoch(connection: Connection, epoch: int) -> None:
    """Note the epoch in which identifiers are blinded."""
    note_place(connection, "epoch", str(epoch))


def note_place(connection: Connection, what: str, place: str) -> None:
    """Note how far something was read."""
    connection.execute(delete(PLACES).where(PLACES.c.what == what))
    connection.execute(PLACES.insert().values(what=what, place=place))


def _newest(object_id: str) -> Select[Any]:
    chosen = select(SENT).where(SENT.c.object_id == object_id)
    return chosen.order_by(SENT.c.number.desc()).limit(1)


def _leaving(row: Row[Any]) -> Leaving:
    return Leaving(
        raw=row.raw,
        signature=_SIGNATURE.decode(row.signature),
        is_acknowledged=row.is_acknowledged,
        campaign=row.campaign,
    )
