"""A page: a path, what is looked up for it, and the template that shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from phalanx.console.desk import Asked


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows."""

    data: object
    """A record: its twin under `/api/v1` is this as JSON."""

    more: Mapping[str, object] = field(default_factory=dict)
    """What only the template needs, such as pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page and its twin."""

    path: str
    template: str
    view: Callable[[Asked], Shown]
    summary: str
    """What it is, in a sentence, for the description of the API."""
