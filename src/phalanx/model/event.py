"""What somebody did, as the ledger keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

EventKind = Literal[
    "disclosure", "decision", "reveal", "approval", "grant", "receipt", "report", "custody",
    "claim", "hold", "key", "session", "case", "policy",
]  # fmt: skip
"""What kind of act it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One act, with nothing in it that may not be shown to an auditor.

    It holds pseudonyms and digests, never prompts, account ids in clear or secrets.
    """

    kind: EventKind
    at: datetime
    """With a time zone, as the clock of the machine had it."""

    actor: str
    """Who did it: a person or a service, as signed in or as the machine knows them."""

    subject: str
    """What it was done to: a campaign, a case, a release, an object of the alliance."""

    digest: str | None = None
    """SHA-256 of the artefact that it concerns, in hexadecimal."""

    facts: Mapping[str, str | int | bool] = field(default_factory=dict)
    """What else an auditor needs, in few words."""
