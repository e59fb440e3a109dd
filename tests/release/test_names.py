"""Names that could lead anywhere else than below a folder are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import VerificationError
from phalanx.release.names import path_below, refuse_clashing, refuse_unsafe

UNSAFE = [
    "", ".", "..", "/", "/etc/passwd", "../a", "a/../b", "a//b", "a/", "./a", "a\\b", "a\0b",
    "a\nb", "\x1b[2Ja", "a\u202eb", "\udcff", "a" * 256, "a/" * 600 + "a",
]  # fmt: skip


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_names(name: str) -> None:
    """Each way out of the folder, and each name that a terminal would show as another, is told."""
    with pytest.raises(VerificationError, match="no name of a file"):
        refuse_unsafe(name)


@given(st.text(max_size=30) | st.lists(st.sampled_from(["a", "..", ".", "", "/"])).map("/".join))
def test_what_is_not_refused_stays_below(name: str) -> None:
    """Whatever the name, the path is refused or below the folder."""
    folder = Path("/there/here")
    try:
        path = path_below(folder, name)
    except VerificationError:
        return
    assert Path(*path.parts[:3]) == folder
    assert ".." not in path.parts
    assert path != folder


@pytest.mark.parametrize(
    "names",
    [
        ["a", "a"],
        ["a", "a/b"],
        ["a/b/c", "a/b", "d"],
        ["Model.bin", "model.bin"],
        ["caf\u00e9", "cafe\u0301"],
        ["A", "a/b"],
        ["stra\u00dfe", "STRASSE"],
    ],
)
def test_names_that_cannot_stand_beside_each_other(names: list[str]) -> None:
    """One name for two files, or for a file and a folder, is refused, on whichever machine."""
    with pytest.raises(VerificationError):
        refuse_clashing(names)
