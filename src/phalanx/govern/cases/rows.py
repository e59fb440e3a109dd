"""Acts of cases as rows of the database, and what the lists of cases and items say after them."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, select

from phalanx.errors import InputError
from phalanx.govern.cases.case import Case, case_of
from phalanx.govern.cases.entries import Entry, entry_of, refuse_broken_chain
from phalanx.govern.cases.tables import CASES, ENTRIES, ITEMS


def read_acts(connection: Connection, name: str) -> tuple[Entry, ...]:
    """Read all acts of a case.

    Raises:
        InputError: If there is no such case.
        VerificationError: If an act is not as it was written.
    """
    chosen = select(ENTRIES.c.number, ENTRIES.c.payload).where(ENTRIES.c.case_id == name)
    rows = connection.execute(chosen.order_by(ENTRIES.c.number)).all()
    if not rows:
        message = f"there is no case {name[:80]!r}"
        raise InputError(message, next_step="`phalanx govern case list` lists them.")
    entries = tuple(
        entry_of(payload.encode(), f"act {number} of {name}") for number, payload in rows
    )
    refuse_broken_chain(entries, name)
    return entries


def add_act(connection: Connection, before: tuple[Entry, ...], entry: Entry) -> Case:
    """Add an act to a case, with what the lists of cases and items say after it.

    Parameters:
        connection: In the turn of the act.
        before: All earlier acts of the case.
        entry: The new one.
    """
    was, case = case_of(before), case_of((*before, entry))
    keep_act(connection, entry)
    connection.execute(CASES.update().where(CASES.c.case_id == case.id).values(row_of(case)))
    for name, item in case.items.items():
        if name not in was.items:
            connection.execute(
                ITEMS.insert().values(
                    case_id=case.id, item_id=name, sha256=item.record.sha256, is_destroyed=0
                )
            )
        elif item.is_destroyed and not was.items[name].is_destroyed:
            mine = (ITEMS.c.case_id == case.id) & (ITEMS.c.item_id == name)
            connection.execute(ITEMS.update().where(mine).values(is_destroyed=1))
    return case


def keep_act(connection: Connection, entry: Entry) -> None:
    """Write an act."""
    connection.execute(
        ENTRIES.insert().values(
            case_id=entry.case,
            number=entry.number,
            payload=entry.payload().decode(),
            sha256=entry.digest,
        )
    )


def row_of(case: Case) -> dict[str, object]:
    """Return what the list of cases says of one."""
    return {
        "title": case.title,
        "status": case.status,
        "is_held": int(case.is_held),
        "opened_at": _moment(case.opened_at),
        "last_at": _moment(case.last_at),
        "pending": len(case.pending),
    }


def _moment(moment: datetime) -> str:
    """Return a moment as text that is in order where moments are."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
