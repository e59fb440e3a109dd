"""Backups and restores that are killed anywhere: whole or absent, and the next one goes through."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.govern.cases.conftest import Clock
from tests.killed import every_kill, there_in
from tests.store.backup.test_backup import fill, taken

from phalanx.errors import InputError
from phalanx.govern.cases import open_cases
from phalanx.govern.cases.room import CASE_ROOM
from phalanx.store import Place, place_of
from phalanx.store.backup import read_backup, restore


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Place]:
    """Return how to make a place that is empty; of PostgreSQL each is a database of its own."""

    def made(name: str) -> Place:
        if request.param == "sqlite":
            return place_of(str(tmp_path / f"{name}.db"))
        new_database: Callable[[], str] = request.getfixturevalue("new_database")
        return place_of(new_database(), tmp_path / f"{name}.db.parts")

    return made


def _whole(place: Place) -> bool:
    with open_cases(place, Clock()) as cases:
        listed = [each.id for each in cases.list()]
        assert listed in ([], ["case-7", "case-8"])
        assert not listed or cases.check() == (2, 12, 3)
        return bool(listed)


def test_a_backup_that_is_killed_anywhere(
    new_place: Callable[[str], Place], tmp_path: Path
) -> None:
    """Is there as a whole or not at all, and takes nothing from what it is of."""
    place, folder = new_place("here"), tmp_path / "backups"
    folder.mkdir()
    fill(place, tmp_path)

    def look(step: int) -> None:
        if (folder / "backup").exists():
            read_backup(folder / "backup")
            shutil.rmtree(folder / "backup")
        taken(place, folder / f"after-{step}")
        assert there_in(folder) == [f"after-{step}"]
        shutil.rmtree(folder / f"after-{step}")

    assert every_kill(lambda: taken(place, folder / "backup"), look) > 20
    assert len(read_backup(folder / "backup").files) == 2
    assert _whole(place)


@pytest.mark.slow
def test_a_restore_that_is_killed_anywhere(
    new_place: Callable[[str], Place], tmp_path: Path
) -> None:
    """Left nothing in the database or all; and the same command brings it back then."""
    here = new_place("here")
    fill(here, tmp_path)
    taken(here, tmp_path / "backup")
    places = [new_place("there")]

    def brought() -> None:
        place = places[-1]
        restore(tmp_path / "backup", place, place.folder, CASE_ROOM)

    def look(step: int) -> None:
        if not _whole(places[-1]):
            brought()
            assert _whole(places[-1])
        with pytest.raises(InputError, match="is not empty"):
            brought()
        left = tmp_path.glob("phalanx-run-*/*")
        assert [each.name for each in left if each.name != "in-use"] == []
        places.append(new_place(f"there-{step}"))

    assert every_kill(brought, look) > 20
    assert _whole(places[-1])
