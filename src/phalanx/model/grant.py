"""Grant: an authorisation that is consulted before anyone is judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

GrantPurpose = Literal["evaluation", "research", "reseller", "distillation", "weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Who may do what until when."""

    grant_id: str
    """Identifier that the provider gave it."""

    purpose: GrantPurpose
    """What is allowed."""

    accounts: tuple[str, ...] = ()
    """Account identifiers it covers, as they stand in the log."""

    organisations: tuple[str, ...] = ()
    """Organisations whose accounts it covers, as they stand in the log."""

    valid_from: datetime
    """Start, with time zone."""

    valid_until: datetime
    """End, with time zone."""

    issued_by: str
    """Person or office that answers for it."""
