"""Where compiled kernels go when neither the package nor the home folder can be written."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from phalanx.kernel_cache import VARIABLE, ensure_cache


@pytest.fixture
def taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file, in which no folder can be made; temporary folders are made beside it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = tmp_path / "taken"
    path.touch()
    return path


def test_a_private_folder_is_made_once(taken: Path) -> None:
    """It is the same the next time, so that nothing is compiled twice."""
    first, again = {"XDG_CACHE_HOME": str(taken)}, {"XDG_CACHE_HOME": str(taken)}
    ensure_cache(taken, first)
    ensure_cache(taken, again)
    assert first == again
    assert Path(first[VARIABLE]).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("prepared", ["link", "file", "folder"])
def test_what_others_prepared_is_not_used(prepared: str, taken: Path, tmp_path: Path) -> None:
    """A link, a file, or a folder that others may write could bring code of theirs."""
    wanted, given = {"XDG_CACHE_HOME": str(taken)}, {"XDG_CACHE_HOME": str(taken)}
    ensure_cache(taken, wanted)
    folder = Path(wanted[VARIABLE])
    if prepared == "folder":
        folder.chmod(0o777)
    else:
        folder.rmdir()
        folder.touch() if prepared == "file" else folder.symlink_to(tmp_path)
    ensure_cache(taken, given)
    assert Path(given[VARIABLE]).name.startswith(f"{folder.name}-")


@pytest.mark.parametrize("given", [{VARIABLE: "mine"}, {"XDG_CACHE_HOME": "cache"}])
def test_numbas_own_places_come_first(
    given: dict[str, str], taken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a person set, a writable package and a writable cache folder are left alone."""
    monkeypatch.chdir(taken.parent)
    before = dict(given)
    ensure_cache(taken, given)
    ensure_cache(taken.parent, given)
    assert given == before
