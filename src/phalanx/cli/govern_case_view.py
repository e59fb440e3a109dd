"""Cases as a person or a program reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from phalanx.cli.govern_case_options import CaseOptions
from phalanx.cli.govern_case_work import cases_of, login
from phalanx.govern.cases import Case, Entry, Pending, Request, RequestState
from phalanx.printable import printable, printable_json


def listed(status: str | None, output_format: str, options: CaseOptions) -> tuple[str, int]:
    """Return cases as text, and how many there are."""
    with cases_of(options) as cases:
        found = cases.list(status)
    if output_format == "json":
        rows = [
            {
                "id": each.id,
                "title": each.title,
                "status": each.status,
                "is_held": each.is_held,
                "opened_at": _moment(each.opened_at),
                "last_at": _moment(each.last_at),
                "pending": each.pending,
            }
            for each in found
        ]
        return _json(rows), len(found)
    lines = [
        f"{each.id:<16}  {each.status}{', held' if each.is_held else ''}  "
        f"{each.last_at.isoformat(timespec='minutes')}  {each.title}"
        + (f"  ({each.pending} waiting)" if each.pending else "")
        for each in found
    ]
    return _lines(lines), len(found)


def waiting_for_you(output_format: str, options: CaseOptions) -> tuple[str, int]:
    """Return what waits for whoever is signed in, and how much it is."""
    with cases_of(options) as cases:
        found = cases.pending(login())
    if output_format == "json":
        return _json([_pending(each) for each in found]), len(found)
    lines = [
        f"{each.case.id:<16}  act {each.request.number}: {_wish(each.request)}, "
        f"{each.request.by} asks: {each.request.reason}"
        for each in found
    ]
    return _lines(lines), len(found)


def shown(name: str, output_format: str, options: CaseOptions) -> str:
    """Return a case as text."""
    with cases_of(options) as cases:
        entries = cases.entries(name)
        case = cases.case(name)
        ledger = {} if cases.ledger is None else cases.events(name, cases.ledger.key.name)
    if output_format == "json":
        return _json(plain(case, entries, ledger))
    return _lines(list(_shown(case)))


def plain(case: Case, entries: tuple[Entry, ...], ledger: dict[int, int]) -> dict[str, Any]:
    """Return a case as JSON has it.

    Parameters:
        case: The case.
        entries: All that was done in it.
        ledger: Which event of the ledger each act is.
    """
    return {
        "id": case.id,
        "title": case.title,
        "provider": case.provider,
        "summary": case.summary,
        "status": case.status,
        "is_held": case.is_held,
        "level": case.level,
        "opened_at": _moment(case.opened_at),
        "people": [
            json.loads(each.record.model_dump_json())
            | {"login": each.login, "has_left": each.has_left}
            for each in case.people.values()
        ],
        "items": [
            json.loads(each.record.model_dump_json())
            | {
                "of": each.of,
                "is_destroyed": each.is_destroyed,
                "custody": [
                    {
                        "act": done.number,
                        "action": done.action,
                        "by": done.by,
                        "at": _moment(done.at),
                        "note": done.note,
                    }
                    for done in each.custody
                ],
            }
            for each in case.items.values()
        ],
        "claims": [
            json.loads(each.claim.model_dump_json())
            | {"log10_p_of_case": each.log10_p_of_case, "holds": each.holds}
            for each in case.judged
        ],
        "claims_put_forward": len(case.claims),
        "requests": [_request(each) for each in case.requests.values()],
        "holds": [
            {
                "act": each.number,
                "by": each.by,
                "at": _moment(each.at),
                "reason": each.reason,
                "released_at": None if each.released_at is None else _moment(each.released_at),
            }
            for each in case.holds.values()
        ],
        "notes": [
            {"act": each.number, "by": each.by, "at": _moment(each.at), "text": each.text}
            for each in case.notes
        ],
        "acts": [
            json.loads(each.payload()) | {"sha256": each.digest, "event": ledger.get(each.number)}
            for each in entries
        ],
    }


def _shown(case: Case) -> Iterator[str]:
    held = ", under a legal hold" if case.is_held else ""
    yield f"{case.id}: {case.title} ({case.provider}), {case.status}{held}"
    yield f"  opened {_moment(case.opened_at)} by {case.opened_by}; {case.entries} acts"
    yield from (f"  | {line}" for line in case.summary.splitlines())
    yield "People"
    for person in case.people.values():
        left = ", has left" if person.has_left else ""
        record = person.record
        yield f"  {record.id:<16}  {record.role:<15}  {record.name} ({person.login}{left})"
    yield "Items"
    for item in case.items.values():
        last = item.custody[-1]
        yield f"  {item.record.id:<16}  {item.of}: {item.record.title}"
        yield f"                    {item.record.size_bytes:,} bytes, SHA-256 {item.record.sha256}"
        yield f"                    {last.action} by {last.by}, {_moment(last.at)}"
    yield f"Claims, at a level of {case.level:g} for all {len(case.claims)} that were put forward"
    for judged in case.judged:
        held = "holds" if judged.holds else "does not hold"
        yield f"  {judged.claim.id:<16}  {held}: p = 10^{judged.log10_p_of_case:.1f}"
        yield f"                    {judged.claim.statement}"
    yield "What needs two people"
    for request in case.requests.values():
        yield f"  act {request.number:<12}  {_wish(request)}, {request.by} asks: {_state(request)}"
    for hold in case.holds.values():
        ended = "" if hold.released_at is None else f", released {_moment(hold.released_at)}"
        yield f"Hold {hold.number} by {hold.by}, {_moment(hold.at)}{ended}: {hold.reason}"
    for note in case.notes:
        yield f"Note of {note.by}, {_moment(note.at)}: {note.text}"


def _state(request: Request) -> str:
    if request.state is RequestState.PENDING:
        return f"waits for another person ({request.reason})"
    because = f" ({request.answer})" if request.answer else ""
    return f"{request.state.value} by {request.answered_by}{because}"


def _wish(request: Request) -> str:
    return f"{request.wish} {request.about}" if request.about else request.wish


def _pending(each: Pending) -> dict[str, Any]:
    return {"case": each.case.id, "title": each.case.title, **_request(each.request)}


def _request(request: Request) -> dict[str, Any]:
    return {
        "act": request.number,
        "wish": request.wish,
        "about": request.about,
        "by": request.by,
        "at": _moment(request.at),
        "reason": request.reason,
        "state": request.state.value,
        "answered_by": request.answered_by,
        "answered_at": None if request.answered_at is None else _moment(request.answered_at),
        "answer": request.answer,
    }


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _lines(lines: list[str]) -> str:
    return "".join(printable(each) + "\n" for each in lines)


def _json(said: object) -> str:
    return printable_json(json.dumps(said, indent=2, ensure_ascii=False)) + "\n"
