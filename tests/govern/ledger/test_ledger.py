"""A ledger in a folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.errors import ConfigError, InputError, VerificationError
from phalanx.govern.ledger import Ledger, begin_ledger, open_ledger, parse_proved_event
from phalanx.govern.ledger.ledger import PUBLIC
from phalanx.model.event import Event
from phalanx.transparency.policy import Policy

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
TIME = 1_764_234_000


def event(number: int, **said: object) -> Event:
    """Return an event that names its number."""
    base: dict[str, object] = {
        "kind": "decision", "at": AT, "actor": "ana", "subject": f"campaign {number}",
    }  # fmt: skip
    return Event(**base | said)  # type: ignore[arg-type]


@pytest.fixture
def random() -> Callable[[int], bytes]:
    """Random bytes that are the same in each run."""
    return Random(7).randbytes


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger that was just begun."""
    return begin_ledger(tmp_path / "ledger", "lab.example/ledger", TIME)


def test_what_was_recorded_is_read_back_in_order(
    ledger: Ledger, random: Callable[[int], bytes]
) -> None:
    """Over the edge of a bundle, in several steps, by another process that opens it."""
    sizes = (0, 1, 254, 1, 3, 600)
    events = [event(number) for number in range(sum(sizes))]
    at = 0
    for size in sizes:
        recorded = ledger.record(events[at : at + size], random, TIME)
        assert [each.number for each in recorded] == list(range(at, at + size))
        at += size
    again = open_ledger(ledger.folder)
    assert [each.event for each in again.events()] == events
    assert [each.number for each in again.events(300, 305)] == [300, 301, 302, 303, 304]
    assert again.check() == len(events)


def test_an_event_is_proved_to_who_holds_the_key_alone(
    ledger: Ledger, random: Callable[[int], bytes]
) -> None:
    """The file that proves it is all that is needed, and names one event only."""
    events = [event(number, digest="ab" * 32, facts={"approved": True}) for number in range(300)]
    ledger.record(events, random, TIME)
    policy = Policy(logs=(ledger.key,))
    for number in (0, 255, 256, 299):
        proved = parse_proved_event(ledger.prove(number).as_text().encode(), "it")
        assert proved.event == events[number]
        assert proved.verify(policy, "it").size == 300
    other = begin_ledger(ledger.folder / "other", "lab.example/ledger", TIME)
    with pytest.raises(VerificationError):
        proved.verify(Policy(logs=(other.key,)), "it")


def test_a_proof_of_one_event_is_none_of_another(
    ledger: Ledger, random: Callable[[int], bytes]
) -> None:
    """Every word of the event counts, and so does its salt."""
    ledger.record([event(0), event(1)], random, TIME)
    policy = Policy(logs=(ledger.key,))
    text = ledger.prove(0).as_text()
    for old, new in (
        ("campaign 0", "campaign 1"),
        ('"ana"', '"bea"'),
        ("decision", "approval"),
        ("09:00:00.000000", "09:00:00.000001"),
        ("index 0", "index 1"),
    ):
        assert old in text
        proved = parse_proved_event(text.replace(old, new).encode(), "it")
        with pytest.raises(VerificationError, match="not in the log"):
            proved.verify(policy, "it")


def test_the_public_log_says_nothing(ledger: Ledger) -> None:
    """Two equal events have entries that nobody can tell to be equal, nor what they say."""
    ledger.record([event(0), event(0)], os.urandom, TIME)
    entries = ledger.log.reader.entries(0, 2)
    assert len(set(entries)) == 2
    public = [path for path in (ledger.folder / PUBLIC).rglob("*") if path.is_file()]
    assert len(public) > 2
    assert not any(b"campaign" in path.read_bytes() for path in public)
    private = [path for path in ledger.folder.rglob("events/*") if path.is_file()]
    assert private
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_of_what_is_kept_is_found(ledger: Ledger, data: st.DataObject) -> None:
    """In events, entries, tiles and the checkpoint."""
    if not ledger.state()[1].size:
        ledger.record([event(number) for number in range(260)], Random(1).randbytes, TIME)
    files = sorted(
        path
        for part in (PUBLIC, "events")
        for path in (ledger.folder / part).rglob("*")
        if path.is_file() and path.name != ".lock"
    )
    path = data.draw(st.sampled_from(files))
    before = path.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1))
    other = before[at] ^ data.draw(st.integers(1, 255))
    path.write_bytes(before[:at] + bytes([other]) + before[at + 1 :])
    try:
        with pytest.raises((VerificationError, InputError)):
            ledger.check()
    finally:
        path.write_bytes(before)


def test_lost_lines_are_told(ledger: Ledger, random: Callable[[int], bytes]) -> None:
    """A journal that ends early is no ledger of fewer events."""
    ledger.record([event(0), event(1)], random, TIME)
    (bundle,) = (path for path in (ledger.folder / "events").rglob("*") if path.is_file())
    lines = bundle.read_bytes().splitlines(keepends=True)
    bundle.write_bytes(lines[0])
    with pytest.raises(VerificationError, match="has 1 events, and should have 2"):
        ledger.check()
    bundle.write_bytes(lines[0] + lines[1][:-1])
    with pytest.raises(VerificationError, match="should have 2"):
        list(ledger.events())


def test_one_event_that_cannot_be_recorded_keeps_all_of_them_out(
    ledger: Ledger, random: Callable[[int], bytes]
) -> None:
    """A decision is not half recorded."""
    with pytest.raises(InputError, match="no time zone"):
        ledger.record([event(0), event(1, at=AT.replace(tzinfo=None))], random, TIME)
    assert ledger.check() == 0


def test_a_ledger_is_begun_once(ledger: Ledger) -> None:
    """And only under a name that a key may have."""
    with pytest.raises(InputError, match="there is a ledger already"):
        begin_ledger(ledger.folder, "lab.example/ledger", TIME)
    with pytest.raises(ConfigError, match="no name of a ledger"):
        begin_ledger(ledger.folder / "new", "two words", TIME)
    with pytest.raises(ConfigError, match="cannot be read"):
        open_ledger(ledger.folder / "none")
    with pytest.raises(InputError, match="none of number 0"):
        ledger.prove(0)


_WRITER = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from phalanx.govern.ledger import open_ledger
from phalanx.model.event import Event
ledger = open_ledger(Path(sys.argv[1]))
at = datetime(2026, 11, 27, tzinfo=UTC)
while True:
    made = [Event(kind="decision", at=at, actor=sys.argv[2], subject=str(n)) for n in range(7)]
    for each in ledger.record(made, os.urandom, 1_764_234_000):
        print(each.number, flush=True)
"""


def test_nothing_acknowledged_is_lost_when_writers_are_killed(ledger: Ledger) -> None:
    """Two writers at once, killed again and again: what they were told is there, once."""
    told: dict[int, str] = {}
    for _ in range(4):
        writers = {
            name: subprocess.Popen(
                [sys.executable, "-c", _WRITER, str(ledger.folder), name], stdout=subprocess.PIPE
            )
            for name in ("ana", "bea")
        }
        time.sleep(1.5)
        for name, writer in writers.items():
            writer.send_signal(signal.SIGKILL)
            out, _ = writer.communicate()
            numbers = [int(line) for line in out.splitlines(keepends=True) if line.endswith(b"\n")]
            assert not told.keys() & set(numbers)
            told |= dict.fromkeys(numbers, name)
    assert ledger.check() >= len(told) > 0
    by_number = {each.number: each.event.actor for each in ledger.events()}
    assert all(by_number[number] == name for number, name in told.items())
    ledger.record([event(0)], os.urandom, TIME)
    ledger.check()
