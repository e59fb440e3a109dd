"""What look-ups of controls are given, read where it lies."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from phalanx.console.seen.controlled import audits_of, copies_of, scans_of
from phalanx.errors import InputError
from phalanx.store import ScanRow, open_store, place_of
from phalanx.store.schema import reach
from phalanx.store.tables import SCANS

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)


def test_scans_of_a_store_are_read_as_they_were_kept(tmp_path: Path) -> None:
    """In order, with their moments; a file that is no store is told."""
    place = place_of(str(tmp_path / "days.store"))
    with open_store(place, NOW):
        pass
    assert scans_of(place) == ()
    row = ScanRow(
        number=1, started_at=NOW, first_exchange=NOW, last_exchange=NOW, kept_until=NOW,
        exchanges=1, exchanges_in_all=1, rejected=0, skipped=0, waiting=0, phalanx_version="1",
        key_id="", parameters="{}", manifest_sha256="",
    )  # fmt: skip
    engine = reach(place)
    with engine.begin() as connection:
        values = asdict(row)
        for name, value in values.items():
            values[name] = value.isoformat() if isinstance(value, datetime) else value
        connection.execute(SCANS.insert(), [values])
    engine.dispose()
    assert scans_of(place) == (row,)
    (tmp_path / "else.db").write_text("no database at all")
    with pytest.raises(InputError):
        scans_of(place_of(str(tmp_path / "else.db")))


def test_folders_that_hold_something_else_are_told(tmp_path: Path) -> None:
    """A file that is no report is named; a release that cannot be read is a problem of it."""
    (tmp_path / "north.json").write_text("{}")
    found = audits_of(tmp_path, ())
    assert (found.reports, found.unread) == ((), ("north.json",))
    (tmp_path / "south").mkdir()
    (tmp_path / "south" / "grant.json").write_text("{}")
    for each in copies_of(tmp_path, None):
        assert each.name == "south"
        assert each.problem
        assert not each.is_unknown
        assert not each.is_marked
    assert len(copies_of(tmp_path, None)) == 1
    with pytest.raises(InputError, match="cannot be read"):
        copies_of(tmp_path / "none", None)
