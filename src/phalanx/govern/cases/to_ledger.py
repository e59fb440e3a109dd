"""Acts of cases on their way into the ledger: each once, whenever the way was cut off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from sqlalchemy import Connection, and_, func, select

from phalanx.errors import VerificationError
from phalanx.govern.cases.entries import Entry, entry_of
from phalanx.govern.cases.tables import ENTRIES, LOGGED
from phalanx.govern.ledger import Ledger
from phalanx.model.event import Event, EventKind

_AT_ONCE = 1_000
_SUBJECT = "case "
_KINDS: Mapping[str, EventKind] = {
    "gathered": "custody", "handled": "custody", "claimed": "claim", "held": "hold",
    "asked": "decision", "approved": "approval", "rejected": "approval", "packed": "report",
}  # fmt: skip


def event_of(entry: Entry) -> Event:
    """Return the event that an act is: who, what and when, and no word of what was said."""
    facts: dict[str, str | int | bool] = {"act": entry.act.act, "number": entry.number}
    act = entry.act.model_dump()
    facts |= {name: act[name] for name in ("wish", "about", "action") if act.get(name)}
    if "item" in act:
        facts["item"] = act["item"] if isinstance(act["item"], str) else act["item"]["id"]
    if "claim" in act:
        facts["claim"] = act["claim"]["id"]
    if entry.act.act in {"approved", "rejected"}:
        facts["of"] = act["number"]
    return Event(
        kind=_KINDS.get(entry.act.act, "case"),
        at=entry.at,
        actor=entry.login,
        subject=f"{_SUBJECT}{entry.case}",
        digest=entry.digest,
        facts=facts,
    )


def log_entries(
    connection: Connection, ledger: Ledger, now: datetime, random: Callable[[int], bytes]
) -> int:
    """Bring all acts into the ledger that are not in it, and return how many.

    An act that got there before a break, and is not known to have, is found by its digest.

    Parameters:
        connection: That alone may write.
        ledger: Where to.
        now: For its checkpoint.
        random: Gives so many random bytes.

    Raises:
        InputError: If the ledger cannot be written.
        VerificationError: If it, or an act, is damaged.
    """
    origin = ledger.key.name
    mine = and_(
        LOGGED.c.ledger == origin,
        LOGGED.c.case_id == ENTRIES.c.case_id,
        LOGGED.c.number == ENTRIES.c.number,
    )
    chosen = (
        select(ENTRIES.c.case_id, ENTRIES.c.number, ENTRIES.c.payload)
        .select_from(ENTRIES.outerjoin(LOGGED, mine))
        .where(LOGGED.c.event.is_(None))
        .order_by(ENTRIES.c.case_id, ENTRIES.c.number)
    )
    waiting = [
        entry_of(payload.encode(), f"act {number} of {case}")
        for case, number, payload in connection.execute(chosen)
    ]
    if not waiting:
        return 0
    waiting.sort(key=lambda each: (each.at, each.case, each.number))
    known = select(func.max(LOGGED.c.event)).where(LOGGED.c.ledger == origin)
    last = connection.execute(known).scalar()
    digests = {each.digest: each for each in waiting}
    there: dict[str, int] = {}
    for recorded in ledger.events(0 if last is None else last + 1):
        if recorded.event.digest in digests:
            there.setdefault(recorded.event.digest, recorded.number)
    missing = [each for digest, each in digests.items() if digest not in there]
    for start in range(0, len(missing), _AT_ONCE):
        events = [event_of(each) for each in missing[start : start + _AT_ONCE]]
        for recorded in ledger.record(events, random, int(now.timestamp())):
            there[recorded.event.digest or ""] = recorded.number
    rows = [
        {"ledger": origin, "case_id": each.case, "number": each.number, "event": there[digest]}
        for digest, each in digests.items()
    ]
    connection.execute(LOGGED.insert(), rows)
    return len(missing)


def refuse_unknown_events(ledger: Ledger, digests: AbstractSet[str]) -> None:
    """Refuse a ledger with an act of a case that is not among these.

    Parameters:
        ledger: In which acts of cases were recorded.
        digests: Of all acts that are kept.

    Raises:
        VerificationError: If an act was taken away; the message says which.
    """
    for recorded in ledger.events():
        event = recorded.event
        if event.subject.startswith(_SUBJECT) and "act" in event.facts:
            if event.digest in digests:
                continue
            which = f"act {event.facts.get('number')} of {event.subject.removeprefix(_SUBJECT)}"
            message = f"{which} is in the ledger as event {recorded.number}, and not among the acts"
            raise VerificationError(message, next_step="Bring the cases back from a backup.")
