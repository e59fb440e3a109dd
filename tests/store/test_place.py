"""Where a store lies, as people spell it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import ConfigError
from phalanx.store import place_of


def test_a_path_is_a_file_with_a_folder_beside_it() -> None:
    """Nothing else has to be said."""
    place = place_of("/data/days.store")
    assert place.file == Path("/data/days.store")
    assert place.folder == Path("/data/days.store.parts")
    assert place_of("sqlite:////data/days.store") == place


def test_a_server_has_no_place_for_files() -> None:
    """The folder must be named."""
    with pytest.raises(ConfigError, match="holds no files"):
        place_of("postgresql://db/days")
    assert place_of("postgresql://db/days", Path("parts")).file is None


def test_a_password_is_refused_and_not_repeated() -> None:
    """Command lines are no place for secrets, and messages neither."""
    with pytest.raises(ConfigError) as error:
        place_of("postgresql://me:hunter2@db/days", Path("parts"))
    assert "PGPASSWORD" in error.value.diagnostics()
    assert "hunter2" not in error.value.diagnostics()


@pytest.mark.parametrize(
    "store",
    [
        "mysql://db/days",
        "sqlite://",
        "postgresql://db",
        "postgresql://db/x?options=-c",
        "",
        "a://[",
    ],
)
def test_what_is_no_place_is_refused(store: str) -> None:
    """Other databases, no database, settings that are not known."""
    with pytest.raises(ConfigError):
        place_of(store, Path("parts"))


@given(st.text(max_size=60))
def test_any_text_is_a_place_or_refused(text: str) -> None:
    """Nothing else happens."""
    with suppress(ConfigError):
        assert place_of(text, Path("parts")).name
