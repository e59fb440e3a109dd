"""What a duty to report is: whom it binds, what triggers it, by when, and what a report holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

Start = Literal["discovered", "determined", "resolved"]
"""From which moment of an incident a clock runs."""

Force = Literal["law", "code", "voluntary"]
"""A law; a code of practice that its signatories keep; what nobody has to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A fact that decides whether duties are triggered, asked in words."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a report has to say."""

    id: str
    text: str
    source: str | None = None
    """Fact of a case that fills it; null where only people can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A further report after the first."""

    title: str
    within: timedelta
    start: Literal["reported", "resolved"]
    """From the last report, and then again and again until the incident is resolved; or once, from
    its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One duty, with where it is written and when somebody last read it there."""

    id: str
    title: str
    force: Force
    recipient: str
    source: str
    """Law and section, or document and measure."""

    written: date
    """Day of the entry."""

    checked: date | None = None
    """When counsel last compared it with its source; null where nobody has."""

    in_force_from: date
    in_force_until: date | None = None
    """First day on which it holds no longer."""

    binds: tuple[str, ...]
    """Questions about the provider that all have to be answered with yes."""

    all_of: tuple[str, ...] = ()
    """Questions about the incident that all have to be answered with yes."""

    any_of: tuple[str, ...] = ()
    """Questions about the incident of which one has to be; none where it is empty."""

    none_of: tuple[str, ...] = ()
    """Questions that all have to be answered with no: what another, shorter clock covers."""

    within: timedelta
    business_days: int | None = None
    """Days without weekends, where the source counts so; `within` is then not used."""

    start: Start
    follow_ups: tuple[FollowUp, ...] = ()
    items: tuple[Item, ...]
    remark: str | None = None

    @property
    def standing(self) -> str:
        """Say how far the entry can be relied on."""
        if self.checked is None:
            return f"written {self.written.isoformat()}; compare it with its source first"
        return f"compared with its source on {self.checked.isoformat()}"

    @property
    def questions(self) -> tuple[str, ...]:
        """Ids of all questions that it depends on, in order."""
        return (*self.binds, *self.all_of, *self.any_of, *self.none_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """A file of duties."""

    version: str
    sha256: str
    """Of the file, in hexadecimal: a clock says which file it followed."""

    questions: Mapping[str, Question]
    duties: tuple[Duty, ...] = field(default_factory=tuple)

    def duty(self, name: str) -> Duty | None:
        """Return a duty by its id."""
        return next((each for each in self.duties if each.id == name), None)
