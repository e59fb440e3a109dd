"""What a case is now: its acts, added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from phalanx.govern.cases.acts import (
    Approved,
    Asked,
    Claimed,
    Gathered,
    Handled,
    Held,
    ItemKind,
    Joined,
    Left,
    Noted,
    Opened,
    Packed,
    Rejected,
    Wish,
)
from phalanx.govern.cases.entries import Entry
from phalanx.govern.packages.judging import JudgedClaim, judged
from phalanx.govern.packages.records import (
    ClaimRecord,
    CustodyAction,
    ItemRecord,
    PersonRecord,
)


class RequestState(StrEnum):
    """What became of something that needs a second person."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who takes part, or did."""

    record: PersonRecord
    login: str
    has_left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """What was done with an item."""

    number: int
    """Of the act."""

    action: CustodyAction
    by: str
    at: datetime
    note: str | None = None
    salt: str | None = None
    """Of the act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A file that is evidence, with all that was done with it."""

    record: ItemRecord
    of: ItemKind
    custody: tuple[Custody, ...]

    @property
    def is_destroyed(self) -> bool:
        """Whether its file is gone; what it was stays known."""
        return self.custody[-1].action == "destroyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A legal hold."""

    number: int
    """Of the act."""

    by: str
    at: datetime
    reason: str
    released_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something that needs a second person."""

    number: int
    """Of the act."""

    wish: Wish
    about: str | None
    """Id of a claim or an item, number of a hold; null for the case."""

    by: str
    login: str
    """As whom the person was signed in: who comes back under another id is the same person."""

    at: datetime
    reason: str
    state: RequestState = RequestState.PENDING
    answered_by: str | None = None
    answered_at: datetime | None = None
    answer: str | None = None
    """Why it was rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A remark."""

    number: int
    by: str
    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case as it is after some acts."""

    id: str
    title: str
    provider: str
    summary: str
    level: float
    """Chance, stated when it was opened, that any claim of it is held although its null is true."""

    opened_at: datetime
    opened_by: str
    last_at: datetime
    """Of the newest act."""

    entries: int
    """How many acts there are."""

    head: str
    """SHA-256 of the newest one."""

    people: Mapping[str, Person]
    items: Mapping[str, Item]
    claims: Mapping[str, ClaimRecord]
    """All that were ever put forward: each counts in the error budget, rejected or not."""

    requests: Mapping[int, Request]
    holds: Mapping[int, Hold]
    notes: tuple[Note, ...] = ()
    packages: tuple[tuple[datetime, str], ...] = ()
    """When one was made, and its root."""

    closed_at: datetime | None = None

    @property
    def is_held(self) -> bool:
        """Whether a legal hold is on it."""
        return any(each.released_at is None for each in self.holds.values())

    @property
    def status(self) -> str:
        """`open` or `closed`."""
        return "open" if self.closed_at is None else "closed"

    @property
    def pending(self) -> tuple[Request, ...]:
        """What waits for a second person, oldest first."""
        found = self.requests.values()
        return tuple(each for each in found if each.state is RequestState.PENDING)

    @cached_property
    def approved_claims(self) -> tuple[ClaimRecord, ...]:
        """Claims that a second person agreed to, in the order in which they were put forward."""
        ids = (
            each.about
            for each in self.requests.values()
            if each.wish == "claim" and each.state is RequestState.APPROVED
        )
        return tuple(self.claims[name] for name in ids if name is not None)

    @cached_property
    def judged(self) -> tuple[JudgedClaim, ...]:
        """The approved claims under one budget, which all claims ever put forward share."""
        return judged(self.approved_claims, family=len(self.claims), level=self.level)

    def person_of(self, login: str) -> Person | None:
        """Return who takes part under a login, if anybody does."""
        found = self.people.values()
        return next((each for each in found if each.login == login and not each.has_left), None)


@dataclass
class _Draft:
    """A case while its acts are added up."""

    opening: dict[str, Any] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    claims: dict[str, ClaimRecord] = field(default_factory=dict)
    requests: dict[int, Request] = field(default_factory=dict)
    holds: dict[int, Hold] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    packages: list[tuple[datetime, str]] = field(default_factory=list)
    closed_at: datetime | None = None


def case_of(entries: Iterable[Entry]) -> Case:
    """Add up the acts of a case.

    Parameters:
        entries: All of one case, in order; each was allowed when it was done (`rules.refuse`).

    Raises:
        ValueError: If there are none.
    """
    draft, last = _Draft(), None
    for last in entries:
        _ADD[type(last.act)](draft, last, last.act)
    if last is None:
        message = "a case has at least the act that opened it"
        raise ValueError(message)
    return Case(
        **draft.opening,
        id=last.case,
        last_at=last.at,
        entries=last.number,
        head=last.digest,
        people=draft.people,
        items=draft.items,
        claims=draft.claims,
        requests=draft.requests,
        holds=draft.holds,
        notes=tuple(draft.notes),
        packages=tuple(draft.packages),
        closed_at=draft.closed_at,
    )


def _opened(draft: _Draft, entry: Entry, act: Opened) -> None:
    draft.opening = {
        "title": act.title, "provider": act.provider, "summary": act.summary, "level": act.level,
        "opened_at": entry.at, "opened_by": act.person.id,
    }  # fmt: skip
    draft.people[act.person.id] = Person(record=act.person, login=act.login)


def _joined(draft: _Draft, _: Entry, act: Joined) -> None:
    draft.people[act.person.id] = Person(record=act.person, login=act.login)


def _left(draft: _Draft, _: Entry, act: Left) -> None:
    draft.people[act.person] = replace(draft.people[act.person], has_left=True)


def _gathered(draft: _Draft, entry: Entry, act: Gathered) -> None:
    first = Custody(
        number=entry.number, action="collected", by=entry.by, at=entry.at, salt=entry.salt
    )
    draft.items[act.item.id] = Item(record=act.item, of=act.of, custody=(first,))


def _handled(draft: _Draft, entry: Entry, act: Handled) -> None:
    _add_custody(draft, act.item, entry, act.action, act.note)


def _add_custody(
    draft: _Draft, name: str, entry: Entry, action: CustodyAction, note: str | None
) -> None:
    item = draft.items[name]
    done = Custody(
        number=entry.number, action=action, by=entry.by, at=entry.at, note=note, salt=entry.salt
    )
    draft.items[name] = replace(item, custody=(*item.custody, done))


def _claimed(draft: _Draft, entry: Entry, act: Claimed) -> None:
    draft.claims[act.claim.id] = act.claim
    draft.requests[entry.number] = Request(
        number=entry.number, wish="claim", about=act.claim.id, by=entry.by, login=entry.login,
        at=entry.at, reason=act.claim.statement,
    )  # fmt: skip


def _noted(draft: _Draft, entry: Entry, act: Noted) -> None:
    draft.notes.append(Note(number=entry.number, by=entry.by, at=entry.at, text=act.text))


def _held(draft: _Draft, entry: Entry, act: Held) -> None:
    draft.holds[entry.number] = Hold(
        number=entry.number, by=entry.by, at=entry.at, reason=act.reason
    )


def _asked(draft: _Draft, entry: Entry, act: Asked) -> None:
    draft.requests[entry.number] = Request(
        number=entry.number, wish=act.wish, about=act.about, by=entry.by, login=entry.login,
        at=entry.at, reason=act.reason,
    )  # fmt: skip


def _approved(draft: _Draft, entry: Entry, act: Approved) -> None:
    request = draft.requests[act.number]
    draft.requests[act.number] = replace(
        request, state=RequestState.APPROVED, answered_by=entry.by, answered_at=entry.at
    )
    if request.wish == "close":
        draft.closed_at = entry.at
    elif request.wish == "release-hold":
        number = int(request.about or 0)
        draft.holds[number] = replace(draft.holds[number], released_at=entry.at)
    elif request.wish == "destroy":
        asker = draft.people[request.by].record.id
        _add_custody(draft, request.about or "", entry, "destroyed", f"as {asker} asked")


def _rejected(draft: _Draft, entry: Entry, act: Rejected) -> None:
    draft.requests[act.number] = replace(
        draft.requests[act.number], state=RequestState.REJECTED, answered_by=entry.by,
        answered_at=entry.at, answer=act.reason,
    )  # fmt: skip


def _packed(draft: _Draft, entry: Entry, act: Packed) -> None:
    draft.packages.append((entry.at, act.root))


_ADD: Mapping[type, Callable[[_Draft, Entry, Any], None]] = {
    Opened: _opened, Joined: _joined, Left: _left, Gathered: _gathered, Handled: _handled,
    Claimed: _claimed, Noted: _noted, Held: _held, Asked: _asked, Approved: _approved,
    Rejected: _rejected, Packed: _packed,
}  # fmt: skip
