"""Duties with their clocks, controls, and the ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from phalanx.console.desk import Asked
from phalanx.console.pages.page import Page, Shown
from phalanx.console.seen.alliance import open_member
from phalanx.console.seen.controlled import audits_of, copies_of, scans_of
from phalanx.errors import InputError, PhalanxError, reason_of
from phalanx.govern.controls import SHIPPED, Observed, Outcome, assess, read_catalogue
from phalanx.govern.controls.answers import read_answers
from phalanx.govern.controls.reveals import read_reveals
from phalanx.govern.duties import SHIPPED as DUTIES
from phalanx.govern.duties import read_duties
from phalanx.govern.duties.clocks import clocks_of
from phalanx.govern.duties.incident_file import read_incident
from phalanx.govern.ledger import Ledger, open_ledger
from phalanx.model.event import Event
from phalanx.share.gate.policy import SHIPPED as POLICY
from phalanx.share.gate.policy import load_policy

EVENTS_ON_A_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLine:
    """One report, and by when it has to be there."""

    incident: str
    duty: str
    title: str
    recipient: str
    source: str
    force: str
    state: str
    because: tuple[str, ...]
    due_at: datetime | None
    remaining: timedelta | None
    standing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DutiesPage:
    """Clocks of all incidents."""

    is_named: bool
    clocks: tuple[ClockLine, ...]
    duties: int
    version: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    """One control, and what was found of it."""

    id: str
    title: str
    statement: str
    family: str
    outcome: Outcome
    said: str
    by: str | None
    not_seen: str | None
    """What of a satisfied control nobody looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlsPage:
    """The provider against a profile, now."""

    profile: str
    profiles: tuple[str, ...]
    version: str
    at: datetime
    satisfied: int
    partly_seen: int
    """Of the satisfied: so as far as was seen."""

    not_satisfied: int
    not_assessed: int
    findings: tuple[FindingLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """What somebody did."""

    number: int
    at: datetime
    kind: str
    actor: str
    subject: str
    digest: str | None
    facts: dict[str, str | int | bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPage:
    """Events of the ledger, the newest first, and its checkpoint."""

    is_named: bool
    origin: str = ""
    size: int = 0
    checkpoint: str = ""
    """As it is signed."""

    verifier_key: str = ""
    events: tuple[EventLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """One event with its proof."""

    event: EventLine
    proof: dict[str, Any]
    """As `phalanx govern verify` takes it."""


def duties(asked: Asked) -> Shown:
    """Look up the clocks of all incidents."""
    shipped, folder = read_duties(DUTIES), asked.places.incidents
    clocks: list[ClockLine] = []
    problems = []
    try:
        paths = [] if folder is None else sorted(folder.glob("*.toml"))
    except OSError as error:
        message = f"{folder}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name another folder with --incidents.") from error
    for path in paths:
        try:
            incident = read_incident(path).incident
            clocks += [
                ClockLine(
                    incident=path.stem,
                    duty=each.duty.id,
                    title=each.title,
                    recipient=each.duty.recipient,
                    source=each.duty.source,
                    force=each.duty.force,
                    state=each.state.value,
                    because=each.because,
                    due_at=each.due_at,
                    remaining=each.remaining(asked.now),
                    standing=each.duty.standing,
                )
                for each in clocks_of(incident, shipped)
            ]
        except PhalanxError as error:
            problems.append(str(error))
    data = DutiesPage(
        is_named=folder is not None,
        clocks=tuple(clocks),
        duties=len(shipped.duties),
        version=shipped.version,
        problems=tuple(problems),
    )
    return Shown(data)


def controls(asked: Asked) -> Shown:
    """Hold the provider against a profile, now."""
    catalogue = read_catalogue(SHIPPED)
    profile = asked.query.get("profile", asked.places.profile)
    scans, _ = asked.desk.scans.all()
    places = asked.places
    seen = Observed(
        at=asked.now,
        scan=scans[0].result if scans else None,
        ledger=_ledger(asked),
        policy=load_policy(POLICY),
        duties=read_duties(DUTIES),
        reveals=read_reveals(scans[0].folder) if scans else None,
        store=None if places.store is None else scans_of(places.store),
        disclosures=None
        if places.alliance is None
        else open_member(places.alliance, asked.now).audit.entries(),
        audits=None if places.audits is None else audits_of(places.audits, places.audit_signers),
        releases=None if places.releases is None else copies_of(places.releases, places.identities),
    )
    answers = {} if asked.places.answers is None else read_answers(asked.places.answers)
    found = assess(catalogue, profile, seen, answers)
    family_of = {each.id: family.title for family in catalogue.families for each in family.controls}
    data = ControlsPage(
        profile=profile,
        profiles=tuple(catalogue.profiles),
        version=catalogue.version,
        at=found.at,
        satisfied=found.count(Outcome.SATISFIED),
        partly_seen=found.partly_seen,
        not_satisfied=found.count(Outcome.NOT_SATISFIED),
        not_assessed=found.count(Outcome.NOT_ASSESSED),
        findings=tuple(
            FindingLine(
                id=each.control.id,
                title=each.control.title,
                statement=each.control.statement,
                family=family_of[each.control.id],
                outcome=each.outcome,
                said=each.said,
                by=each.by,
                not_seen=each.not_seen,
            )
            for each in found.findings
        ),
    )
    return Shown(data, {"words": catalogue.profiles})


def ledger(asked: Asked) -> Shown:
    """Look up events of the ledger."""
    found = _ledger(asked)
    if found is None:
        return Shown(LedgerPage(is_named=False))
    note, checkpoint = found.state()
    pages = max(1, -(-checkpoint.size // EVENTS_ON_A_PAGE))
    page = min(asked.page(pages), pages)
    stop = checkpoint.size - (page - 1) * EVENTS_ON_A_PAGE
    events = list(found.events(max(0, stop - EVENTS_ON_A_PAGE), stop))
    data = LedgerPage(
        is_named=True,
        origin=checkpoint.origin,
        size=checkpoint.size,
        checkpoint=note.as_text(),
        verifier_key=found.key.as_text(),
        events=tuple(_event(each.number, each.event) for each in reversed(events)),
    )
    return Shown(data, {"page": page, "pages": pages})


def event(asked: Asked) -> Shown:
    """Look up one event, with its proof."""
    found, number = _ledger_named(asked), asked.number("number")
    proved = found.prove(number)
    text = proved.as_text()
    data = EventPage(event=_event(number, proved.event), proof=json.loads(text))
    return Shown(data, {"text": text})


def proof_of(asked: Asked) -> str:
    """Return an event with its proof as a file that `phalanx govern verify` takes.

    Raises:
        InputError: If there is no ledger, or no such event.
    """
    return _ledger_named(asked).prove(asked.number("number")).as_text()


def _event(number: int, said: Event) -> EventLine:
    return EventLine(
        number=number,
        at=said.at,
        kind=said.kind,
        actor=said.actor,
        subject=said.subject,
        digest=said.digest,
        facts=dict(said.facts),
    )


def _ledger(asked: Asked) -> Ledger | None:
    return None if asked.places.ledger is None else open_ledger(asked.places.ledger)


def _ledger_named(asked: Asked) -> Ledger:
    found = _ledger(asked)
    if found is None:
        message = "no ledger is named"
        raise InputError(message, next_step="Start the console with --ledger FOLDER.")
    return found


PAGES = (
    Page(
        path="/duties",
        template="duties_page.html.j2",
        view=duties,
        summary="Duties to report, and the clocks of incidents",
    ),
    Page(
        path="/controls",
        template="controls_page.html.j2",
        view=controls,
        summary="The provider against a profile of controls (`?profile=`), now",
    ),
    Page(
        path="/ledger",
        template="ledger_page.html.j2",
        view=ledger,
        summary="Events of the ledger, the newest first, and its checkpoint",
    ),
    Page(
        path="/ledger/{number}",
        template="event_page.html.j2",
        view=event,
        summary="One event of the ledger, with its proof",
    ),
)
