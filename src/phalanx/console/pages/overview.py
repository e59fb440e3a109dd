"""The first page: what was found, and what waits for whoever has signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from phalanx.console.access import may
from phalanx.console.desk import Asked
from phalanx.console.pages.cases import waiting_for
from phalanx.console.pages.page import Page, Shown
from phalanx.console.pages.scan_lines import CampaignLine, ScanLine, campaign_line, scan_line
from phalanx.console.seen.alliance import open_member
from phalanx.console.seen.scans import Unread
from phalanx.errors import PhalanxError
from phalanx.formats.report_view import Totals
from phalanx.govern.cases import Request

_MOST_CAMPAIGNS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something that a person has to do."""

    what: str
    until: datetime | None
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The first page. What is not for the role of the visitor is empty."""

    scan: ScanLine | None
    totals: Totals | None
    campaigns: tuple[CampaignLine, ...]
    scans: tuple[ScanLine, ...]
    unread: tuple[Unread, ...]
    tasks: tuple[Task, ...]
    problems: tuple[str, ...]
    """What is configured and cannot be read."""


def overview(asked: Asked) -> Shown:
    """Look up what was found last, and what waits."""
    role = asked.visitor.user.role
    scans, unread = asked.desk.scans.all() if may(role, "GET", "/campaigns") else ((), ())
    newest = scans[0] if scans else None
    tasks, problems = _tasks(asked)
    data = Overview(
        scan=scan_line(newest) if newest else None,
        totals=newest.totals if newest else None,
        campaigns=tuple(campaign_line(newest, each) for each in newest.overviews[:_MOST_CAMPAIGNS])
        if newest
        else (),
        scans=tuple(map(scan_line, scans)),
        unread=unread,
        tasks=tuple(tasks),
        problems=tuple(problems),
    )
    more = {"charts": newest.charts if newest else {}, "result": newest and newest.result}
    return Shown(data, more)


def _tasks(asked: Asked) -> tuple[list[Task], list[str]]:
    tasks: list[Task] = []
    problems: list[str] = []
    settings = asked.places.alliance
    if settings is not None and may(asked.visitor.user.role, "GET", "/sharing/disclosures"):
        try:
            pending = open_member(settings, asked.now).queue.requests(asked.now, "pending")
        except PhalanxError as error:
            problems.append(error.diagnostics())
        else:
            tasks += [
                Task(
                    what=f"Disclosure {each.number} waits for {' and '.join(each.missing)}",
                    until=each.valid_until,
                    path=f"/sharing/disclosures/{each.number}",
                )
                for each in pending
            ]
    if may(asked.visitor.user.role, "GET", "/cases"):
        try:
            tasks += [
                Task(what=_wish(name, each), until=None, path=f"/cases/{name}")
                for name, each in waiting_for(asked)
            ]
        except PhalanxError as error:
            problems.append(error.diagnostics())
    return tasks, problems


def _wish(name: str, request: Request) -> str:
    about = f" {request.about}" if request.about else ""
    what = request.wish.replace("-", " ")
    return f"{name}: {what}{about}, put forward by {request.by}, waits for you"


PAGES = (
    Page(
        path="/",
        template="overview_page.html.j2",
        view=overview,
        summary="What was found last, and what waits for you",
    ),
)
