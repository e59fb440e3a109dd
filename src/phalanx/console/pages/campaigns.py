"""Campaigns of a scan, and one group of it with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from phalanx.console.desk import Asked
from phalanx.console.pages.page import Page, Shown
from phalanx.console.pages.scan_lines import (
    CampaignLine,
    ScanLine,
    campaign_line,
    chosen_scan,
    scan_line,
    scan_of,
)
from phalanx.console.seen.history import History, Remembered, read_history
from phalanx.console.seen.scans import Scan, Scans, Unread
from phalanx.console.seen.whole_graph import WholeGraph, links_inside, whole_graph
from phalanx.errors import InputError
from phalanx.formats.basis import bases_of, with_basis
from phalanx.formats.groups import KINDS, Group
from phalanx.formats.link_graph import LinkGraph, link_graph
from phalanx.formats.notation import expected_members
from phalanx.formats.report_view import MAX_CAMPAIGNS_IN_FULL, daily_bars, served_before_found
from phalanx.model import Member, NotJudged

MEMBERS_ON_A_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignList:
    """Campaigns of one scan, and the scans there are."""

    scan: ScanLine | None
    """Null where no scan can be read."""

    campaigns: tuple[CampaignLine, ...]
    scans: tuple[ScanLine, ...]
    unread: tuple[Unread, ...]
    remembered: tuple[Remembered, ...]
    """What the store of daily scans remembers; those it saw last come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPage:
    """One group."""

    scan: ScanLine
    kind: str
    group_id: str
    number: int | None
    """Of a campaign, in its scan."""

    group: Group
    remembered: Remembered | None


def campaign_list(asked: Asked) -> Shown:
    """Look up the campaigns of the scan that was asked for, or of the newest."""
    scan = chosen_scan(asked)
    scans, unread = asked.desk.scans.all()
    data = CampaignList(
        scan=scan_line(scan) if scan else None,
        campaigns=tuple(campaign_line(scan, each) for each in scan.overviews) if scan else (),
        scans=tuple(map(scan_line, scans)),
        unread=unread,
        remembered=_history(asked).groups,
    )
    return Shown(data, {"charts": scan.charts if scan else {}, "result": scan and scan.result})


def group_page(asked: Asked) -> Shown:
    """Look up one group."""
    scan = scan_of(asked)
    group = scan.group(asked.path["group"])
    name = asked.path["group"]
    data = GroupPage(
        scan=scan_line(scan),
        kind=KINDS[type(group)],
        group_id=name,
        number=scan.number_of(name),
        group=group,
        remembered=_history(asked).of(name),
    )
    return Shown(data, {"result": scan.result, **_pictures(asked, scan, group)})


def graph_of(asked: Asked) -> WholeGraph:
    """Place all accounts of a group.

    Raises:
        InputError: If there is no such group, or it has no links.
    """
    scan = scan_of(asked)
    group = scan.group(asked.path["group"])
    if isinstance(group, NotJudged):
        message = "a group that was not judged has no graph"
        raise InputError(message, next_step="See its accounts.")
    members = group.facts.members
    return scan.kept(
        ("graph", asked.path["group"]),
        lambda: whole_graph(members, links_inside(members, scan.result.links)),
    )


def warm(scans: Scans) -> None:
    """Draw what ties the campaigns of all scans together, before anybody asks.

    Parameters:
        scans: That can be read; others are passed over.
    """
    for scan in scans.all()[0]:
        for campaign in scan.result.campaigns[:MAX_CAMPAIGNS_IN_FULL]:
            _neighbourhood(scan, campaign.campaign_id, campaign.facts.members)


def _neighbourhood(scan: Scan, name: str, members: tuple[Member, ...]) -> LinkGraph:
    return scan.kept(
        ("links", name), lambda: link_graph(members, links_inside(members, scan.result.links))
    )


def _pictures(asked: Asked, scan: Scan, group: Group) -> Mapping[str, object]:
    if isinstance(group, NotJudged):
        return {"accounts": group.accounts}
    members, name = group.facts.members, asked.path["group"]
    evidence = with_basis(group.judgement.evidence)
    pages = max(1, -(-len(members) // MEMBERS_ON_A_PAGE))
    page = min(asked.page(), pages)
    first = (page - 1) * MEMBERS_ON_A_PAGE
    return {
        "graph": _neighbourhood(scan, name, members),
        "expected": expected_members(each.confidence for each in members),
        "served_before_found": served_before_found(group),
        "bars": daily_bars(group),
        "evidence_lines": evidence,
        "bases": bases_of(evidence),
        "listed": members[first : first + MEMBERS_ON_A_PAGE],
        "page": page,
        "pages": pages,
    }


def _history(asked: Asked) -> History:
    place = asked.places.store
    return History(0, None, ()) if place is None else read_history(place)


PAGES = (
    Page(
        path="/campaigns",
        template="campaigns_page.html.j2",
        view=campaign_list,
        summary="Campaigns of a scan (`?scan=`), the newest where none is named",
    ),
    Page(
        path="/campaigns/{scan}/{group}",
        template="group_page.html.j2",
        view=group_page,
        summary="One group of any list: what it did, how sure, on what evidence",
    ),
)
