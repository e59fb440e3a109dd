"""Stores in SQLite and in a PostgreSQL server of our own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from phalanx.store import Place, place_of


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return a place where no store is yet."""
    if request.param == "sqlite":
        return place_of(str(tmp_path / "a.store"))
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return place_of(new_database(), tmp_path / "parts")
