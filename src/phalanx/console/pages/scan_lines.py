"""Scans and campaigns as lines of a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from phalanx.console.desk import Asked
from phalanx.console.seen.scans import Scan
from phalanx.errors import InputError
from phalanx.formats.report_view import CampaignOverview


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanLine:
    """A scan in a list."""

    name: str
    scanned_at: datetime
    first_exchange: datetime | None
    last_exchange: datetime | None
    exchanges: int
    accounts: int
    parties: int
    rejected_rows: int
    campaigns: int
    pools: int
    suspicious_parties: int
    authorised: int
    not_judged: int
    false_discovery_rate: float
    key_id: str
    """Of the pseudonyms; empty for identifiers in clear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignLine:
    """A campaign in a list."""

    scan: str
    number: int
    """Its place in the list of its scan, from 1."""

    campaign_id: str
    accounts: int
    members_low: float
    members_high: float
    """Of how many of the accounts belong to it, 95 %, if confidences are calibrated."""

    exchanges: int
    output_tokens: int
    log10_e_apart: float
    log10_e_honest: float
    threshold_log10_e: float
    formed_at: datetime
    discovered_at: datetime | None
    served_before_found: float | None
    targets: tuple[str, ...]
    grade: str | None
    """Of the attribution; null where none was made."""

    steps: tuple[str, ...]
    """That the evidence supports, mildest first."""


def scan_line(scan: Scan) -> ScanLine:
    """Return a scan as a line."""
    result, seen = scan.result, scan.result.population
    return ScanLine(
        name=scan.name,
        scanned_at=result.run.started_at,
        first_exchange=seen.first_exchange,
        last_exchange=seen.last_exchange,
        exchanges=seen.exchanges,
        accounts=seen.accounts,
        parties=seen.parties,
        rejected_rows=seen.rejected_rows,
        campaigns=len(result.campaigns),
        pools=len(result.undeclared_pools),
        suspicious_parties=len(result.suspicious_parties),
        authorised=len(result.authorised),
        not_judged=len(result.not_judged),
        false_discovery_rate=result.false_discovery_rate,
        key_id=result.run.key_id,
    )


def campaign_line(scan: Scan, overview: CampaignOverview) -> CampaignLine:
    """Return a campaign as a line."""
    campaign, judgement = overview.campaign, overview.campaign.judgement
    return CampaignLine(
        scan=scan.name,
        number=overview.number,
        campaign_id=campaign.campaign_id,
        accounts=len(campaign.facts.members),
        members_low=overview.members.low,
        members_high=overview.members.high,
        exchanges=campaign.facts.exchanges,
        output_tokens=campaign.facts.output_tokens,
        log10_e_apart=judgement.log10_e_apart,
        log10_e_honest=judgement.log10_e_honest,
        threshold_log10_e=judgement.threshold_log10_e,
        formed_at=judgement.formed_at,
        discovered_at=judgement.discovered_at,
        served_before_found=overview.served_before_found,
        targets=tuple(campaign.facts.capabilities),
        grade=judgement.attribution.grade if judgement.attribution else None,
        steps=tuple(each.kind for each in campaign.actions),
    )


def chosen_scan(asked: Asked) -> Scan | None:
    """Return the scan that was asked for, or the newest; nothing where none can be read.

    Raises:
        InputError: If there is none of the name that was asked for.
    """
    if name := asked.query.get("scan"):
        return asked.desk.scans.scan(name)
    scans, _ = asked.desk.scans.all()
    return scans[0] if scans else None


def scan_of(asked: Asked) -> Scan:
    """Return the scan that the path names.

    Raises:
        InputError: If there is none, or it cannot be read.
    """
    name = asked.path["scan"]
    if name not in asked.desk.scans.names:
        message = "there is no such scan"
        raise InputError(message, next_step="See the list of scans.")
    return asked.desk.scans.scan(name)
