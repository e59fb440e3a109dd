"""Facts of the running system that look-ups read, stripped of everything else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reveal:
    """A line of `reveals.jsonl` in the folder of a scan."""

    at: datetime
    """With a time zone."""

    by: str
    asked: int
    resolved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reveals:
    """Pseudonyms of a scan that were resolved."""

    subject: str
    """Of their events in the ledger."""

    noted: tuple[Reveal, ...]
    """In the order in which they were noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCopy:
    """A copy of weights that was sealed."""

    name: str
    problem: str
    """Why grant and record do not verify; empty where they do."""

    is_unknown: bool = False
    """Whether the problem is that nobody named the identities, so that nothing was verified."""

    is_marked: bool
    """Whether the grant commits to a mark of this copy."""

    delete_by: datetime | None
    """With a time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkAudit:
    """A report of an audit of marks that follows from the plan in it."""

    name: str
    plan_digest: str
    signed_by: str
    """Empty where no key that was named signed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkAudits:
    """All reports of a folder."""

    reports: tuple[MarkAudit, ...]
    unread: tuple[str, ...]
    """Files that are no report, or do not follow from themselves."""
