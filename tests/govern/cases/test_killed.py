"""Acts of a case that are killed anywhere: gathering, a hold, destruction that two people agree."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.govern.cases.conftest import Clock, House
from tests.killed import every_kill

from phalanx.govern.cases import Noted, open_cases
from phalanx.govern.ledger import open_ledger
from phalanx.store import place_of


@contextmanager
def _house(folder: Path) -> Iterator[House]:
    place = place_of(str(folder / "cases.db"))
    ledger = open_ledger(folder / "ledger")
    with open_cases(place, lambda: datetime.now(UTC), ledger) as cases:
        yield House(cases, folder)


def _gathered(house: House, number: int) -> None:
    house.gather(f"log-{number}", b'{"number": %d}' % number)


def _held_and_released(house: House, _: int) -> None:
    held = house.hold()
    house.agree("kim@lab", house.ask("lee@lab", "release-hold", str(held)))


def _destroyed(house: House, number: int) -> None:
    name = f"other-{number}"
    house.open(name)
    house.gather("log", b'{"other": %d}' % number, name)
    for wish, about in (("close", None), ("destroy", "log")):
        house.agree("kim@lab", house.ask("lee@lab", wish, about, name), name)


@pytest.mark.slow
@pytest.mark.parametrize("acts", [_gathered, _held_and_released, _destroyed])
@pytest.mark.usefixtures("ledger")
def test_acts_that_are_killed_anywhere(acts: Callable[[House, int], None], tmp_path: Path) -> None:
    """What was acknowledged is in case and ledger, each once; what was destroyed is gone.

    The acts say each time that they are acknowledged by a line in a file.
    """
    place = place_of(str(tmp_path / "cases.db"))
    with open_cases(place, Clock(), open_ledger(tmp_path / "ledger")) as cases:
        House(cases, tmp_path).open()
    told, numbers = tmp_path / "told", iter(range(10_000))
    at = next(numbers)

    def act() -> None:
        with _house(tmp_path) as house:
            acts(house, at)
            for case in house.cases.list():
                os.write(descriptor, f"{house.cases.case(case.id).head}\n".encode())

    def look(step: int) -> None:
        nonlocal at
        with _house(tmp_path) as house:
            house.cases.act("case-7", "ana@lab", Noted(text=f"After step {step}."))
            house.cases.check()
            house.cases.sweep()
            digests = [
                each.digest for case in house.cases.list() for each in house.cases.entries(case.id)
            ]
            assert set(told.read_text().split()) <= set(digests)
            assert house.cases.ledger is not None
            recorded = [each.event.digest for each in house.cases.ledger.events()]
            assert sorted(map(str, recorded)) == sorted(digests)
            for each in house.cases.list():
                for item in house.cases.case(each.id).items.values():
                    there = house.cases.vault.path(item.record.sha256).exists()
                    assert there != item.is_destroyed
        at = next(numbers)

    descriptor = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    assert every_kill(act, look, by=13) > 3
    os.close(descriptor)
