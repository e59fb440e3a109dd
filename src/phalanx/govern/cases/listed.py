"""Cases, and what waits in them, as lists show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from phalanx.govern.cases.case import Case, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A case as a list shows it."""

    id: str
    title: str
    status: str
    is_held: bool
    opened_at: datetime
    last_at: datetime
    pending: int
    """How much waits for a second person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Something that waits for a second person, and where."""

    case: Case
    request: Request
