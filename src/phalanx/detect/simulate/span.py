"""The time that a log covers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days, from an instant on."""

    start_us: int
    """First instant, microseconds since 1970."""

    days: int
    """Length, at least 1."""
