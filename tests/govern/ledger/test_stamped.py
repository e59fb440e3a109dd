"""Checkpoints that an authority stamped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.govern.ledger.authority import make_authority, serving

from phalanx.errors import VerificationError
from phalanx.govern.ledger import Ledger, begin_ledger
from phalanx.govern.ledger.stamped import STAMPS, stamp_ledger, verified_stamps
from phalanx.govern.ledger.stamps import read_roots
from phalanx.model.event import Event


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, bytes]]:
    """URL of a running authority, and its root."""
    folder = tmp_path_factory.mktemp("authority") / "here"
    root = make_authority(folder)
    with serving(folder) as url:
        yield url, root


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger that was just begun."""
    return begin_ledger(tmp_path / "ledger", "lab.example/ledger", 1_764_234_000)


def grow(ledger: Ledger, events: int) -> None:
    """Record so many more events."""
    made = Event(kind="report", at=datetime.now(UTC), actor="ana", subject="case 1")
    ledger.record([made] * events, os.urandom, 1_764_234_000)


def test_stamps_bound_when_events_were_recorded(
    ledger: Ledger, authority: tuple[str, bytes]
) -> None:
    """Each says how many were there at a moment of a clock that is not ours."""
    url, root = authority
    roots = read_roots(root, "root")
    for events in (3, 300):
        grow(ledger, events)
        stamp_ledger(ledger, url, roots)
    grow(ledger, 5)
    first, second = verified_stamps(ledger, roots)
    assert (first.size, second.size) == (3, 303)
    assert first.at <= second.at


def test_a_ledger_that_was_begun_anew_does_not_keep_its_stamps(
    ledger: Ledger, authority: tuple[str, bytes], tmp_path: Path
) -> None:
    """Under the same name, and even the same key: the past that was stamped is another one."""
    url, root = authority
    roots = read_roots(root, "root")
    grow(ledger, 3)
    stamp_ledger(ledger, url, roots)
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    (other / "ledger.key").write_bytes((ledger.folder / "ledger.key").read_bytes())
    (other / "ledger.key").chmod(0o600)
    again = begin_ledger(other, "lab.example/ledger", 1_764_234_000)
    grow(again, 4)
    (ledger.folder / STAMPS).rename(other / STAMPS)
    with pytest.raises(VerificationError, match="shows two trees"):
        verified_stamps(again, roots)


def test_a_stamp_belongs_to_its_checkpoint(ledger: Ledger, authority: tuple[str, bytes]) -> None:
    """Exchanged, it is of another content; renamed, it is of another size."""
    url, root = authority
    roots = read_roots(root, "root")
    for _ in range(2):
        grow(ledger, 2)
        stamp_ledger(ledger, url, roots)
    folder = ledger.folder / STAMPS
    first, second = (folder / f"{size:012}.tsr" for size in (2, 4))
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    with pytest.raises(VerificationError, match="no valid time stamp"):
        verified_stamps(ledger, roots)
    first.write_bytes(kept)
    second.with_suffix(".checkpoint").write_bytes(first.with_suffix(".checkpoint").read_bytes())
    with pytest.raises(VerificationError, match="is a checkpoint of 2 events"):
        verified_stamps(ledger, roots)
