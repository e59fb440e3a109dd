"""Reading a file of duties: TOML, checked whole before any clock runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from phalanx.errors import InputError
from phalanx.govern.checked_toml import not_like, read_checked
from phalanx.govern.duties.duty import Duties, Duty, FollowUp, Force, Item, Question, Start

SHIPPED = Path(__file__).with_name("duties.toml")
"""The duties that come with Phalanx."""

SCHEMA = "phalanx.duties/1"
_WHAT = "file of duties"
_Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
_MOST_HOURS = 24 * 366


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Span(_Strict):
    hours: int | None = Field(default=None, ge=1, le=_MOST_HOURS)
    days: int | None = Field(default=None, ge=1, le=366)
    business_days: int | None = Field(default=None, ge=1, le=250)

    @model_validator(mode="after")
    def _has_one_unit(self) -> Self:
        if sum(each is not None for each in (self.hours, self.days, self.business_days)) != 1:
            message = "a span has hours, days or business_days, and one of them"
            raise ValueError(message)
        return self

    @property
    def length(self) -> timedelta:
        """Its length; of business days, the shortest that they may take."""
        return timedelta(hours=self.hours or 0, days=self.days or self.business_days or 0)


class _FollowUp(_Strict):
    title: _Text
    within: _Span
    start: Annotated[str, StringConstraints(pattern="^(reported|resolved)$")]


class _Duty(_Strict):
    id: _Id
    title: _Text
    force: Force
    recipient: _Text
    source: _Text
    written: date
    checked: date | None = None
    in_force_from: date
    in_force_until: date | None = None
    binds: tuple[_Id, ...] = Field(min_length=1)
    all_of: tuple[_Id, ...] = ()
    any_of: tuple[_Id, ...] = ()
    none_of: tuple[_Id, ...] = ()
    within: _Span
    start: Start
    follow_up: tuple[_FollowUp, ...] = ()
    item: tuple[_Id, ...] = Field(min_length=1)
    remark: _Text | None = None


class _Named(_Strict):
    id: _Id
    text: _Text
    source: _Id | None = None


class _File(_Strict):
    schema_: str = Field(alias="schema", pattern=f"^{SCHEMA}$")
    version: _Text
    question: tuple[_Named, ...]
    item: tuple[_Named, ...]
    duty: tuple[_Duty, ...]


def read_duties(path: Path) -> Duties:
    """Read a file of duties.

    Parameters:
        path: TOML of the schema `phalanx.duties/1`.

    Raises:
        InputError: If it cannot be read, or an entry is not as the schema has it: then no duty of
            it is used.

    Examples:
        >>> [each.id for each in read_duties(SHIPPED).duties][:2]
        ['ca-sb53-incident', 'ca-sb53-imminent']
    """
    found, sha256 = read_checked(path, _File, _WHAT)
    return _understood(found, sha256, path)


def _understood(found: _File, sha256: str, path: Path) -> Duties:
    questions = {each.id: each for each in found.question}
    items = {each.id: each for each in found.item}
    _refuse_twice((each.id for each in found.question), "question", path)
    _refuse_twice((each.id for each in found.item), "item", path)
    _refuse_twice((each.id for each in found.duty), "duty", path)
    for each in found.duty:
        asked = set(chain(each.binds, each.all_of, each.any_of, each.none_of))
        if unknown := sorted(asked - questions.keys()):
            raise _wrong(path, f"duty {each.id}: there is no question {unknown[0]!r}")
        if unknown := sorted(set(each.item) - items.keys()):
            raise _wrong(path, f"duty {each.id}: there is no item {unknown[0]!r}")
    return Duties(
        version=found.version,
        sha256=sha256,
        questions={name: Question(id=name, text=each.text) for name, each in questions.items()},
        duties=tuple(_duty(each, items) for each in found.duty),
    )


def _duty(said: _Duty, items: dict[str, _Named]) -> Duty:
    return Duty(
        **said.model_dump(exclude={"within", "follow_up", "item"}),
        within=said.within.length,
        business_days=said.within.business_days,
        follow_ups=tuple(
            FollowUp(
                title=each.title,
                within=each.within.length,
                start="resolved" if each.start == "resolved" else "reported",
            )
            for each in said.follow_up
        ),
        items=tuple(
            Item(id=name, text=items[name].text, source=items[name].source) for name in said.item
        ),
    )


def _refuse_twice(ids: Iterable[str], kind: str, path: Path) -> None:
    for name, times in Counter(ids).items():
        if times > 1:
            raise _wrong(path, f"{kind} {name} stands there {times} times")


def _wrong(path: Path, why: str) -> InputError:
    return not_like(path, _WHAT, why)
