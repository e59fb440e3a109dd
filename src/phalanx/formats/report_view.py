"""What the templates of the report need beyond the result itself, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa

from phalanx.detect.result import ScanResult
from phalanx.formats.basis import Basis, bases_of, with_basis
from phalanx.formats.link_graph import LinkGraph, link_graph, rows_by_campaign
from phalanx.formats.notation import Interval, expected_members
from phalanx.model import (
    AuthorisedGroup,
    Campaign,
    Evidence,
    Member,
    SuspiciousParty,
    UndeclaredPool,
)

Listed = Campaign | AuthorisedGroup | UndeclaredPool | SuspiciousParty
"""A group that was judged."""

MAX_CAMPAIGNS_IN_FULL = 40
"""Campaigns with a section of their own; the overview lists all."""

MAX_DOSSIERS = 40
"""Pools, parties and authorised groups whose evidence is printed, of each kind."""

MAX_MEMBERS = 50
"""Accounts listed for each campaign; `accounts.parquet` holds all."""

MAX_MIXED = 100
"""Mixed accounts that are printed."""

GRAPH_WIDTH, GRAPH_HEIGHT, GRAPH_MARGIN = 720, 400, 22
BARS_WIDTH, BARS_HEIGHT = 200, 34


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day of a campaign in its small chart."""

    x: float
    y: float
    width: float
    height: float
    after_discovery: bool
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignOverview:
    """A campaign in the overview."""

    number: int
    """Its place in the list, from 1."""

    campaign: Campaign
    members: Interval
    """Accounts that belong to it, if confidences are calibrated and independent."""

    served_before_found: float | None
    """Share of its exchanges before the evidence passed the level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignView:
    """A campaign with its pictures."""

    overview: CampaignOverview
    graph: LinkGraph
    evidence: tuple[tuple[Evidence, Basis], ...]
    bases: tuple[Basis, ...]
    bars: tuple[Bar, ...]
    listed: tuple[Member, ...]
    not_listed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over all campaigns."""

    accounts: int
    exchanges: int
    output_tokens: int
    estimated_cost_usd: float
    pooled: int
    """Accounts in undeclared pools, which the other sums leave out."""


def totals_of(result: ScanResult) -> Totals:
    """Add up what the campaigns took.

    Parameters:
        result: What the scan found.
    """
    campaigns = result.campaigns
    return Totals(
        accounts=sum(len(item.facts.members) for item in campaigns),
        exchanges=sum(item.facts.exchanges for item in campaigns),
        output_tokens=sum(item.harm.output_tokens for item in campaigns),
        estimated_cost_usd=sum(item.harm.estimated_cost_usd for item in campaigns),
        pooled=sum(len(item.facts.members) for item in result.undeclared_pools),
    )


def overviews_of(result: ScanResult) -> tuple[CampaignOverview, ...]:
    """Return the rows of the overview, in the order of the result.

    Parameters:
        result: What the scan found.
    """
    return tuple(
        CampaignOverview(
            number=place,
            campaign=campaign,
            members=expected_members(item.confidence for item in campaign.facts.members),
            served_before_found=served_before_found(campaign),
        )
        for place, campaign in enumerate(result.campaigns, start=1)
    )


def views_of(result: ScanResult) -> tuple[CampaignView, ...]:
    """Return the sections of the campaigns that get one.

    Parameters:
        result: What the scan found.
    """
    overviews = overviews_of(result)[:MAX_CAMPAIGNS_IN_FULL]
    rows = rows_by_campaign([item.campaign for item in overviews], result.links)
    return tuple(_view(overview, links) for overview, links in zip(overviews, rows, strict=True))


def _view(overview: CampaignOverview, links: pa.Table) -> CampaignView:
    campaign = overview.campaign
    members = campaign.facts.members
    evidence = with_basis(campaign.judgement.evidence)
    return CampaignView(
        overview=overview,
        graph=link_graph(members, links),
        evidence=evidence,
        bases=bases_of(evidence),
        bars=daily_bars(campaign),
        listed=members[:MAX_MEMBERS],
        not_listed=max(0, len(members) - MAX_MEMBERS),
    )


def served_before_found(campaign: Listed) -> float | None:
    """Return the share of exchanges served before the discovery, in [0, 1].

    Parameters:
        campaign: The campaign.

    Returns:
        The share; null where nothing was discovered.
    """
    served, total = campaign.judgement.served_before_discovery, campaign.facts.exchanges
    return None if served is None or not total else served / total


def daily_bars(campaign: Listed) -> tuple[Bar, ...]:
    """Draw exchanges per day as bars in a box of `BARS_WIDTH` by `BARS_HEIGHT`.

    Parameters:
        campaign: The campaign.
    """
    daily = {day: number for day, number in campaign.facts.daily_exchanges.items() if number}
    if not daily:
        return ()
    first, days = min(daily), (max(daily) - min(daily)).days + 1
    step, tallest = BARS_WIDTH / days, max(daily.values())
    found_at = campaign.judgement.discovered_at
    bars = []
    for index in range(days):
        day = first + timedelta(days=index)
        number = daily.get(day, 0)
        height = BARS_HEIGHT * number / tallest
        bars.append(
            Bar(
                x=index * step,
                y=BARS_HEIGHT - height,
                width=max(0.5, step * 0.8),
                height=height,
                after_discovery=found_at is not None and day >= found_at.date(),
                label=f"{day.isoformat()}: {number:,} exchanges",
            )
        )
    return tuple(bars)
