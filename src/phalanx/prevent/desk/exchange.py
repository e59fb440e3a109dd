"""One exchange: a request, what was decided about it, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.request import Request

How = Literal[
    "served", "failed", "turned away", "refused", "overflowed", "expired", "replaced", "unfinished"
]
"""`served`: there was an answer. `failed`: the model, or what stands before it, made an error.
`turned away`: the model was too busy, or a limit refused it. `refused`: by the decision. The others
were never settled: there were too many under way, it took too long, another came with the same
name, the gateway ended."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its decision."""

    request: Request
    """With pseudonyms, where they are made."""

    decision: Decision
    arrived_at: datetime
    messages: list[dict[str, Any]] | None = None
    """As they came; null where a prompt came."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """In which a trace may be carried on, with small letters."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an exchange ended."""

    how: How
    status: int | None = None
    """Of HTTP; null where nobody told."""

    output_tokens: int | None = None
    """Of all choices; null where nobody told."""

    value: float | None = None
    """Information value that was served; null where it is not known."""
