"""Backups: taken while others write, verified, brought back into either database."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from tests.govern.cases.conftest import Clock, House
from tests.store.test_store import GROUP, keep, listed

from phalanx.errors import InputError, PhalanxError, VerificationError
from phalanx.govern.cases import open_cases
from phalanx.govern.cases.room import CASE_ROOM
from phalanx.store import Place, open_store, place_of
from phalanx.store.backup import Backup, back_up, read_backup, restore
from phalanx.store.kept_files import STORE_ROOM
from phalanx.store.schema import reach

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
Places = Callable[[str, str], Place]


@pytest.fixture
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    """Return how to make a place of a kind under a name."""

    def made(kind: str, name: str) -> Place:
        if kind == "sqlite":
            return place_of(str(tmp_path / f"{name}.db"))
        new_database: Callable[[], str] = request.getfixturevalue("new_database")
        return place_of(new_database(), tmp_path / f"{name}.files")

    return made


def taken(place: Place, out: Path) -> tuple[Backup, str]:
    """Back cases up."""
    return back_up(place, place.folder, CASE_ROOM, out, now=NOW, by="1")


def fill(place: Place, folder: Path) -> None:
    """Keep two cases with files."""
    with open_cases(place, Clock()) as cases:
        house = House(cases, folder)
        for name in ("case-7", "case-8"):
            house.open(name)
            house.gather("report", b"{}", name)
        house.gather("log", b"\x00\xff" * 1_000)
        house.claim("trained", -12.0)


both = pytest.mark.parametrize(
    ("first", "second"), [("sqlite", "sqlite"), ("sqlite", "postgres"), ("postgres", "sqlite")]
)


@both
def test_cases_come_back_as_they_were(
    new_place: Places, tmp_path: Path, first: str, second: str
) -> None:
    """Into either database; and work goes on there."""
    here, there = new_place(first, "here"), new_place(second, "there")
    fill(here, tmp_path)
    backup, sha256 = taken(here, tmp_path / "backup")
    assert len(backup.files) == 2
    assert restore(tmp_path / "backup", there, there.folder, CASE_ROOM, sha256) == backup
    with open_cases(here, Clock()) as before, open_cases(there, Clock()) as after:
        assert after.check() == before.check() == (2, 12, 3)
        assert after.case("case-7") == before.case("case-7")
        assert after.list() == before.list()
    clock = Clock()
    clock.now = datetime(2026, 12, 1, tzinfo=UTC)
    with open_cases(there, clock) as after:
        assert House(after, tmp_path).gather("new", b"[]").entries == 8


@both
def test_a_store_comes_back_as_it_was(
    new_place: Places, tmp_path: Path, first: str, second: str
) -> None:
    """Rows that no JSON number can hold, manifests, and files that its rows name."""
    here, there = new_place(first, "here"), new_place(second, "there")
    keep(here, listed("a", "b"))
    keep(here, listed("b"))
    (here.folder / ".scan-00003-x").mkdir()
    back_up(here, here.folder, STORE_ROOM, tmp_path / "backup", now=NOW, by="1")
    restore(tmp_path / "backup", there, there.folder, STORE_ROOM)
    with open_store(here, NOW) as before, open_store(there, NOW) as after:
        assert after.store_id == before.store_id
        assert after.groups() == (GROUP,)
        assert after.scans() == before.scans()
        assert after.members("campaign-1") == before.members("campaign-1")
        for manifest in after.manifests():
            after.read(manifest, "table.parquet")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_place_that_is_not_empty_is_refused(new_place: Places, tmp_path: Path, kind: str) -> None:
    """Nothing in it is touched."""
    here, there = new_place(kind, "here"), new_place(kind, "there")
    fill(here, tmp_path)
    taken(here, tmp_path / "backup")
    with open_cases(there, Clock()) as cases:
        House(cases, tmp_path).open("mine")
    with pytest.raises(InputError, match="is not empty"):
        restore(tmp_path / "backup", there, tmp_path / "new", CASE_ROOM)
    with open_cases(there, Clock()) as cases:
        assert [each.id for each in cases.list()] == ["mine"]
    assert not (tmp_path / "new").exists()


def test_a_backup_is_of_one_moment(new_place: Places, tmp_path: Path) -> None:
    """What is written meanwhile is in the next one: no row without those that it names."""
    here = new_place("sqlite", "here")
    fill(here, tmp_path)
    engine = reach(here)
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.execute(text("SELECT * FROM phalanx_case_act")).all()
        backup, _ = taken(here, tmp_path / "backup")
    engine.dispose()
    assert {each.name: each.rows for each in backup.tables}["phalanx_case_act"] == 12


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a backup of cases."""
    folder = tmp_path_factory.mktemp("kept")
    place = place_of(str(folder / "here.db"))
    fill(place, folder)
    taken(place, folder / "backup")
    return folder / "backup"


@given(data=st.data())
def test_whatever_is_changed_is_found(
    kept: Path, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A byte of any file, before anything is written."""
    folder = tmp_path_factory.mktemp("changed")
    shutil.copytree(kept, folder / "backup")
    paths = sorted(path for path in (folder / "backup").rglob("*") if path.is_file())
    path = data.draw(st.sampled_from([each for each in paths if each.stat().st_size]))
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    changed = data.draw(
        st.sampled_from(
            [
                content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :],
                content[:at],
                content + b"\n",
                content[:at] + b"\n" + content[at:],
            ]
        )
    )
    path.write_bytes(changed)
    place = place_of(str(folder / "there.db"))
    with pytest.raises(PhalanxError, match=path.name.partition(".")[0]):
        restore(folder / "backup", place, place.folder, CASE_ROOM)
    assert not place.folder.exists()
    assert place.file is not None
    assert not place.file.exists()


def resealed(folder: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Write another manifest, with a digest beside it that fits."""
    said = json.loads((folder / "manifest.json").read_bytes())
    change(said)
    content = json.dumps(said).encode()
    (folder / "manifest.json").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (folder / "manifest.sha256").write_text(f"{digest}\n")


def test_a_backup_that_somebody_rewrote_is_told_by_its_digest(kept: Path, tmp_path: Path) -> None:
    """The one that was printed when it was taken, and is kept elsewhere."""
    shutil.copytree(kept, tmp_path / "backup")
    sha256 = (kept / "manifest.sha256").read_text().strip()
    read_backup(tmp_path / "backup", sha256)
    resealed(tmp_path / "backup", lambda said: said.update(taken_by="2"))
    read_backup(tmp_path / "backup")
    with pytest.raises(VerificationError, match=r"manifest\.json: is not as the backup"):
        read_backup(tmp_path / "backup", sha256)


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "a/../../b", ".hidden", "a//b", "", "a/b/c/d/e", "a\n"]
)
def test_a_file_outside_the_folder_is_refused(kept: Path, tmp_path: Path, name: str) -> None:
    """Whoever wrote the manifest."""
    shutil.copytree(kept, tmp_path / "backup")

    def change(said: dict[str, object]) -> None:
        said["files"] = [{"name": name, "size_bytes": 0, "sha256": "0" * 64}]

    resealed(tmp_path / "backup", change)
    with pytest.raises(VerificationError, match="no manifest of a backup: files"):
        read_backup(tmp_path / "backup")


def test_what_is_no_file_of_it_is_refused(kept: Path, tmp_path: Path) -> None:
    """One more, a link, a pipe, a folder in its place, or none."""
    folder = tmp_path / "backup"
    shutil.copytree(kept, folder)
    (folder / "files" / "more").touch()
    with pytest.raises(VerificationError, match="more: does not belong"):
        read_backup(folder)
    (folder / "files" / "more").unlink()
    table = folder / "tables" / "phalanx_case.jsonl"
    table.unlink()
    table.symlink_to(kept / "tables" / table.name)
    with pytest.raises(InputError, match=r"phalanx_case\.jsonl"):
        read_backup(folder)
    table.unlink()
    os.mkfifo(table)
    with pytest.raises(InputError, match=r"phalanx_case\.jsonl"):
        read_backup(folder)
    table.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        read_backup(folder)


@given(st.binary(max_size=300))
def test_any_line_is_a_row_or_refused(
    tmp_path_factory: pytest.TempPathFactory, line: bytes
) -> None:
    """With a plain error that names it, and nothing is kept."""
    folder = tmp_path_factory.mktemp("lines")
    place = place_of(str(folder / "here.db"))
    with open_cases(place, Clock()):
        pass
    taken(place, folder / "backup")
    path = folder / "backup" / "tables" / "phalanx_case.jsonl"
    path.write_bytes(line)

    def change(said: dict[str, object]) -> None:
        for table in said["tables"]:  # type: ignore[attr-defined]
            if table["name"] == "phalanx_case":
                table["size_bytes"] = len(line)
                table["sha256"] = hashlib.sha256(line).hexdigest()

    resealed(folder / "backup", change)
    there = place_of(str(folder / "there.db"))
    if line:
        with pytest.raises(PhalanxError):
            restore(folder / "backup", there, there.folder, CASE_ROOM)
        assert not there.folder.exists()
    else:
        with suppress(PhalanxError):
            restore(folder / "backup", there, there.folder, CASE_ROOM)


def test_a_backup_of_another_version_or_room_is_refused(kept: Path, tmp_path: Path) -> None:
    """It says with what it can be brought back."""
    shutil.copytree(kept, tmp_path / "backup")
    place = place_of(str(tmp_path / "there.db"))
    with pytest.raises(VerificationError, match="is a backup of cases"):
        restore(tmp_path / "backup", place, place.folder, STORE_ROOM)
    resealed(tmp_path / "backup", lambda said: said.update(version="0002"))
    with pytest.raises(VerificationError, match="of version 0002 of the tables"):
        restore(tmp_path / "backup", place, place.folder, CASE_ROOM)


def test_a_backup_replaces_nothing(kept: Path, tmp_path: Path) -> None:
    """Nor is half of one left where a file is missing."""
    place = place_of(str(tmp_path / "here.db"))
    fill(place, tmp_path)
    with pytest.raises(InputError, match="is there already"):
        taken(place, kept)
    next(path for path in place.folder.iterdir()).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        taken(place, tmp_path / "backup")
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == []
