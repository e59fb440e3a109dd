"""Cases in SQLite and in PostgreSQL, with a clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from phalanx.govern.cases import (
    Approved,
    Asked,
    Case,
    Cases,
    Claimed,
    Found,
    Held,
    Joined,
    Opened,
    open_cases,
)
from phalanx.govern.ledger import Ledger, begin_ledger
from phalanx.govern.packages.records import ClaimRecord, PersonRecord, Role
from phalanx.store import Place, place_of

BEGUN = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


class Clock:
    """A second passes whenever somebody looks."""

    def __init__(self) -> None:
        """Begin."""
        self.now = BEGUN

    def __call__(self) -> datetime:
        """Return the present moment."""
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class House:
    """Cases of a house, and short ways to work on `case-7` in them."""

    cases: Cases
    folder: Path

    def open(self, name: str = "case-7") -> Case:
        """Open a case with an analyst, two of counsel and an auditor."""
        ana = PersonRecord(id="ana", name="Ana Example", role="analyst")
        opened = Opened(
            title="Lab against Example", provider="Lab", summary="Outputs were harvested.",
            level=0.01, person=ana, login="ana@lab",
        )  # fmt: skip
        case = self.cases.open(name, opened)
        people: tuple[tuple[str, Role], ...] = (
            ("lee", "counsel"), ("kim", "counsel"), ("max", "auditor"),
        )  # fmt: skip
        for person, role in people:
            record = PersonRecord(id=person, name=person.title(), role=role)
            case = self.cases.act(name, "ana@lab", Joined(person=record, login=f"{person}@lab"))
        return case

    def gather(self, item: str, content: bytes, name: str = "case-7") -> Case:
        """Gather a file of this content."""
        path = self.folder / f"{item}.json"
        path.write_bytes(content)
        return self.cases.gather(name, "ana@lab", found(item, path))

    def claim(self, name: str, log10_p: float, item: str = "report") -> Case:
        """Put a claim forward."""
        return self.cases.act("case-7", "ana@lab", Claimed(claim=claim(name, log10_p, item)))

    def ask(self, login: str, wish: str, about: str | None = None, name: str = "case-7") -> int:
        """Ask for something, and return the number of the act."""
        act = Asked(wish=wish, about=about, reason="It is time.")  # type: ignore[arg-type]
        return self.cases.act(name, login, act).entries

    def agree(self, login: str, number: int, name: str = "case-7") -> Case:
        """Agree to something."""
        return self.cases.act(name, login, Approved(number=number))

    def hold(self) -> int:
        """Put a hold on the case, and return its number."""
        return self.cases.act("case-7", "lee@lab", Held(reason="Suit was filed.")).entries


def found(item: str, path: Path) -> Found:
    """Return a file that is to be gathered."""
    return Found(
        id=item, title=f"The {item}", file=path, of="watermark-audit",
        media_type="application/json", source="own audit of open weights", tool="phalanx 0.1.0",
        sensitivity="confidential", collected_at=BEGUN,
    )  # fmt: skip


def claim(name: str, log10_p: float, item: str = "report") -> ClaimRecord:
    """Return a claim on an item."""
    return ClaimRecord(
        id=name, statement="The suspect was trained on what campaign C-7 was served.",
        null_hypothesis="The suspect never saw it.", method="radioactivity/4", log10_p=log10_p,
        sample_size=1_000, reference_size=1_000, assumptions=("Keys are secret.",),
        limits="It does not say who trained it.", items=(item,),
    )  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return a place where no cases are yet."""
    if request.param == "sqlite":
        return place_of(str(tmp_path / "cases.db"))
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return place_of(new_database(), tmp_path / "files")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Return a new ledger."""
    return begin_ledger(tmp_path / "ledger", "lab.example/ledger", 1)


@pytest.fixture
def house(place: Place, tmp_path: Path, ledger: Ledger) -> Iterator[House]:
    """Return cases with a ledger, and none in them yet."""
    with open_cases(place, Clock(), ledger) as cases:
        yield House(cases, tmp_path)


@pytest.fixture
def light(tmp_path: Path) -> Iterator[House]:
    """Return the same in SQLite, without a ledger, for what every database does alike."""
    with open_cases(place_of(str(tmp_path / "light.db")), Clock()) as cases:
        yield House(cases, tmp_path)
