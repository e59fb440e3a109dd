"""What a member found of a campaign, as far as it may concern others: the input of publishing.

Nothing in it has been blinded or judged. It is made from a scan, the logs of the scan and the
member's own records, and never leaves the house.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from phalanx.share.wire import (
    Address,
    AutonomousSystem,
    Domain,
    PromptTemplateSketch,
    SharedAttribution,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTemplate:
    """A prompt template of a campaign."""

    sketch: PromptTemplateSketch
    accounts: int
    """Accounts of the campaign on which it was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPlace:
    """An address, network or domain that accounts of the campaign came from, and nobody else."""

    part: Address | AutonomousSystem | Domain
    accounts: int
    """Accounts of the campaign."""

    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCampaign:
    """A campaign and what its accounts carry."""

    campaign_id: str
    """Of the scan."""

    first_seen: datetime
    last_seen: datetime
    exchanges: int
    """Of its accounts."""

    log10_e: float
    false_discovery_rate: float
    confidence: int
    """0 to 100, of belonging to the campaign, for the accounts that are shared."""

    identifiers: tuple[tuple[str, str], ...] = ()
    """Kind and value in clear, of accounts that are shared and of nobody else."""

    attribution: SharedAttribution | None = None
    """As the scan has it, without any name."""

    templates: tuple[SeenTemplate, ...] = ()
    places: tuple[SeenPlace, ...] = ()
