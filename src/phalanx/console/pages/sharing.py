"""Sharing: what came, what leaves, what waits for two people, and the log of how it was decided."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from phalanx.console.desk import Asked
from phalanx.console.pages.page import Page, Shown
from phalanx.console.people.roles import Role as ConsoleRole
from phalanx.console.seen import alliance
from phalanx.console.seen.alliance import Inbox, Outbox, open_member
from phalanx.errors import InputError, PolicyError
from phalanx.printable import printable_json
from phalanx.share.exchange.house import House
from phalanx.share.gate.findings import Approval, Finding
from phalanx.share.gate.policy import Role
from phalanx.share.gate.requests import Request, State, refuse_wrong_answer

ENTRIES_ON_A_PAGE = 100
_ROLES: dict[ConsoleRole, Role] = {ConsoleRole.ANALYST: "analyst", ConsoleRole.COUNSEL: "counsel"}
"""Role in the console -> role in which the gate may take an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNamed:
    """No alliance was named."""

    is_named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """A request for approval in a list."""

    number: int
    object_id: str
    type: str
    submitter: str
    rules: tuple[str, ...]
    roles: tuple[Role, ...]
    missing: tuple[Role, ...]
    approvals: tuple[Approval, ...]
    state: State
    created_at: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosures:
    """All requests for approval, those that wait first."""

    requests: tuple[Disclosure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosurePage:
    """One request, and what each rule says of its object now."""

    request: Disclosure
    item: dict[str, Any]
    action: str
    findings: tuple[Finding, ...]
    against: str
    """Why the visitor may not approve; empty where the visitor may."""

    against_rejecting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A line of the audit log."""

    number: int
    at: datetime
    kind: str
    actor: str
    facts: dict[str, Any]
    entry_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Lines of the audit log, the newest first; all of it was verified."""

    entries: tuple[AuditEntry, ...]
    in_all: int
    last_hash: str | None
    """Of the newest entry: kept elsewhere, it shows that none was removed."""


def inbox(asked: Asked) -> Shown:
    """Look up what came."""
    house = _house(asked)
    if house is None:
        return Shown(NotNamed())
    found: Inbox = alliance.inbox(house, asked.page())
    return Shown(found, _pages(asked, found.in_all))


def outbox(asked: Asked) -> Shown:
    """Look up what is to leave, and what left."""
    house = _house(asked)
    if house is None:
        return Shown(NotNamed())
    found: Outbox = alliance.outbox(house, asked.page())
    return Shown(found, _pages(asked, found.sent_in_all))


def disclosures(asked: Asked) -> Shown:
    """Look up what waits for approval, or did."""
    house = _house(asked)
    if house is None:
        return Shown(NotNamed())
    found = sorted(
        house.queue.requests(asked.now), key=lambda each: (each.state != "pending", -each.number)
    )
    return Shown(Disclosures(requests=tuple(map(_line, found))))


def disclosure(asked: Asked) -> Shown:
    """Look up one request, and judge its object now."""
    house = member_of(asked)
    request = request_of(house, asked.number("number"), asked.now)
    judged = alliance.judged_now(house, request.item)
    data = DisclosurePage(
        request=_line(request),
        item=request.item,
        action=judged.action,
        findings=judged.findings,
        against=_against(asked, house, request, is_yes=True),
        against_rejecting=_against(asked, house, request, is_yes=False),
    )
    text = printable_json(json.dumps(request.item, indent=2, ensure_ascii=False, sort_keys=True))
    return Shown(data, {"text": text})


def audit(asked: Asked) -> Shown:
    """Verify the audit log, and look up some of it."""
    house = _house(asked)
    if house is None:
        return Shown(NotNamed())
    entries = house.audit.entries()
    page = min(asked.page(), max(1, -(-len(entries) // ENTRIES_ON_A_PAGE)))
    last = len(entries) - (page - 1) * ENTRIES_ON_A_PAGE
    chosen = entries[max(0, last - ENTRIES_ON_A_PAGE) : last]
    data = Audit(
        entries=tuple(
            AuditEntry(
                number=each.number,
                at=each.at,
                kind=each.kind,
                actor=each.actor,
                facts=each.facts,
                entry_hash=each.entry_hash,
            )
            for each in reversed(chosen)
        ),
        in_all=len(entries),
        last_hash=entries[-1].entry_hash if entries else None,
    )
    return Shown(data, _pages(asked, len(entries)))


def member_of(asked: Asked) -> House:
    """Return the member whose settings were named.

    Raises:
        InputError: If none were.
    """
    house = _house(asked)
    if house is None:
        message = "no alliance is named"
        raise InputError(message, next_step="Start the console with --alliance FILE.")
    return house


def gate_role(asked: Asked) -> Role:
    """Return the role in which the visitor answers requests.

    Raises:
        PolicyError: If there is none.
    """
    role = _ROLES.get(asked.visitor.user.role)
    if role is None:
        message = f"a {asked.visitor.user.role.words} approves no disclosure"
        raise PolicyError(message, next_step="Ask an analyst or counsel.")
    return role


def request_of(house: House, number: int, now: datetime) -> Request:
    """Return a request.

    Raises:
        InputError: If there is none of that number.
    """
    for each in house.queue.requests(now):
        if each.number == number:
            return each
    message = f"there is no request {number}"
    raise InputError(message, next_step="See the list of disclosures.")


def _house(asked: Asked) -> House | None:
    settings: Path | None = asked.places.alliance
    return None if settings is None else open_member(settings, asked.now)


def _against(asked: Asked, house: House, request: Request, *, is_yes: bool) -> str:
    try:
        refuse_wrong_answer(
            request, asked.visitor.user.name, gate_role(asked), house.agreement, is_yes=is_yes
        )
    except PolicyError as error:
        return str(error).removeprefix(f"request {request.number}: ")
    return ""


def _line(request: Request) -> Disclosure:
    return Disclosure(
        number=request.number,
        object_id=str(request.item.get("id", "")),
        type=str(request.item.get("type", "")),
        submitter=request.submitter,
        rules=request.rules,
        roles=request.roles,
        missing=request.missing,
        approvals=request.approvals,
        state=request.state,
        created_at=request.created_at,
        valid_until=request.valid_until,
    )


def _pages(asked: Asked, in_all: int) -> dict[str, object]:
    pages = max(1, -(-in_all // alliance.ON_A_PAGE))
    return {"page": min(asked.page(), pages), "pages": pages}


def answer(asked: Asked, *, is_yes: bool) -> Request:
    """Approve or reject a request, as `phalanx share approve` does, and record it.

    Raises:
        PolicyError: If the visitor may not.
        InputError: If there is no such request.
    """
    house, name, role = member_of(asked), asked.visitor.user.name, gate_role(asked)
    number = asked.number("number")
    act = house.queue.approve if is_yes else house.queue.reject
    request = act(number, name, role, asked.now)
    asked.desk.acts.record(
        "approval",
        asked.now,
        name,
        f"disclosure {number}",
        digest=request.object_hash,
        answer="approved" if is_yes else "rejected",
        role=role,
        state=request.state,
    )
    return request


PAGES = (
    Page(
        path="/sharing/inbox",
        template="inbox_page.html.j2",
        view=inbox,
        summary="What came from other members, and what was not taken",
    ),
    Page(
        path="/sharing/outbox",
        template="outbox_page.html.j2",
        view=outbox,
        summary="What is to leave, with each rule's verdict, and what left",
    ),
    Page(
        path="/sharing/disclosures",
        template="disclosures_page.html.j2",
        view=disclosures,
        summary="What waits for two people's approval, or did",
    ),
    Page(
        path="/sharing/disclosures/{number}",
        template="disclosure_page.html.j2",
        view=disclosure,
        summary="One object that waits, and what each rule says of it now",
    ),
    Page(
        path="/sharing/audit",
        template="audit_page.html.j2",
        view=audit,
        summary="The audit log of sharing, verified",
    ),
)
