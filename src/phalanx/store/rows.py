"""What the tables of a store hold, as plain records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRow:
    """A scan that was kept."""

    number: int
    """From 1."""

    started_at: datetime
    first_exchange: datetime
    last_exchange: datetime
    """Of all exchanges so far."""

    kept_until: datetime
    """End of the last step that was replayed."""

    exchanges: int
    """That this scan added."""

    exchanges_in_all: int
    rejected: int
    """Rows that this scan could not use."""

    skipped: int
    """Rows of steps that were over: seen before, or late."""

    waiting: int
    """Rows of a step that was not over; the next scan takes them."""

    phalanx_version: str
    key_id: str
    """Of the pseudonym key; empty for identifiers in clear."""

    parameters: str
    """What decides evidence, as JSON."""

    manifest_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """A tracked group, with its evidence so far."""

    number: int
    route: str
    formed_at: datetime
    discovered_at: datetime | None
    is_followed: bool
    """Whether later steps may still add evidence."""

    parties: int
    looks: int
    log10_e_apart: float
    log10_e_honest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedGroup:
    """A group that a scan listed."""

    campaign_id: str
    verdict: str
    formed_at: datetime
    discovered_at: datetime | None
    log10_e: float
    exchanges: int
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """An account of a group, and the scans that listed it there first and last."""

    account_id: str
    first_scan: int
    last_scan: int
