"""Snapshots of the state, and what is lost without one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from phalanx.errors import ConfigError, InputError
from phalanx.prevent.state.layout import USED, identity_of
from phalanx.prevent.state.online import Arrival, OnlineState
from phalanx.prevent.state.snapshot import RequestCount, read_snapshot, write_snapshot

KEY = bytes(32)
SECOND = 1_000_000


def _send(state: OnlineState, account: int, second: int) -> None:
    arrival = Arrival(
        account=identity_of(f"a{account}", KEY),
        group=identity_of(f"g{account % 3}", KEY),
        organisation=0,
        content=identity_of(str(second), KEY)[0],
        at_us=second * SECOND,
        set_aside_tokens=100,
        weight=1.0,
    )
    began = state.arrive(arrival).at_us
    state.settle(arrival, began, arrival.at_us, 50, 0.1, turned_away=False)


def _filled(accounts: int = 5_000) -> OnlineState:
    state = OnlineState(8_192, 16)
    for account in range(accounts):
        _send(state, account, account)
    return state


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    """Every row of accounts and groups, byte by byte, and the clock."""
    state, path = _filled(), tmp_path / "state.arrow"
    taken = write_snapshot(state, 5_000, "key_1", path)
    again = OnlineState(8_192, 16)
    assert read_snapshot(again, "key_1", path, now_us=5_000 * SECOND) == taken
    assert (taken.accounts, taken.groups, taken.requests) == (5_000, 3, 5_000)
    for one, other in ((state.accounts, again.accounts), (state.groups, again.groups)):
        used = int(one.tally[USED])
        order, place = (np.lexsort(each.identity[:used].T) for each in (one, other))
        assert (one.identity[order] == other.identity[place]).all()
        assert (one.seen_us[order] == other.seen_us[place]).all()
        assert (one.counters[order] == other.counters[place]).all()
        assert (one.registers[order] == other.registers[place]).all()
    _send(again, 7, 5_001)
    assert again.counts().accounts == 5_000


def test_a_snapshot_is_for_its_owner_alone_and_whole(tmp_path: Path) -> None:
    """It takes the place of the one before in one step, and leaves nothing beside it."""
    state, path = _filled(100), tmp_path / "state.arrow"
    for requests in (100, 100):
        write_snapshot(state, requests, "key_1", path)
    assert [each.name for each in tmp_path.iterdir()] == ["state.arrow"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_smaller_state_takes_the_accounts_that_were_active_last(tmp_path: Path) -> None:
    """And says how many it had no room for."""
    path = tmp_path / "state.arrow"
    write_snapshot(_filled(100), 100, "key_1", path)
    small = OnlineState(64, 16)
    taken = read_snapshot(small, "key_1", path, now_us=100 * SECOND)
    assert (taken.accounts, taken.forgotten) == (64, 36)
    assert small.accounts.seen_us.min() == 36 * SECOND


def test_a_state_of_another_key_is_refused(tmp_path: Path) -> None:
    """It would be about nobody, and fill the memory."""
    path = tmp_path / "state.arrow"
    write_snapshot(_filled(10), 10, "key_1", path)
    with pytest.raises(ConfigError, match="key_1"):
        read_snapshot(OnlineState(64, 16), "key_2", path, now_us=0)


@pytest.mark.parametrize("content", [b"", b"ARROW1\0\0", b"nonsense" * 100])
def test_what_is_no_snapshot_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that was cut, or is another."""
    path = tmp_path / "state.arrow"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no state of the gateway"):
        read_snapshot(OnlineState(64, 16), "key_1", path, now_us=0)


@pytest.mark.parametrize(
    "said", [{"state_us": str(10**30)}, {"state_us": "-5"}, {"requests": str(10**30)}]
)
def test_a_moment_that_no_clock_says_is_refused(tmp_path: Path, said: dict[str, str]) -> None:
    """Else every request afterwards would fail, since sums with it do not hold in 64 bits."""
    path = tmp_path / "state.arrow"
    write_snapshot(_filled(10), 10, "key_1", path)
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        table = reader.read_all()
    head = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    table = table.replace_schema_metadata(head | said)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(InputError, match="damaged"):
        read_snapshot(OnlineState(64, 16), "key_1", path, now_us=0)


def test_a_table_that_is_no_state_is_refused(tmp_path: Path) -> None:
    """Though Arrow can read it."""
    path = tmp_path / "state.arrow"
    table = pa.table({"a": [1]})
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(InputError, match="another file"):
        read_snapshot(OnlineState(64, 16), "key_1", path, now_us=0)


def test_a_missing_snapshot_is_told_by_its_path(tmp_path: Path) -> None:
    """The system's own reason beside it."""
    with pytest.raises(InputError, match=r"none\.arrow.*No such file"):
        read_snapshot(OnlineState(64, 16), "key_1", tmp_path / "none.arrow", now_us=0)


_KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_snapshot import _send
from phalanx.prevent.state.online import OnlineState
from phalanx.prevent.state.snapshot import RequestCount, write_snapshot
folder = Path(sys.argv[1])
state, count = OnlineState(1_024, 16), RequestCount(folder / "requests")
for number in range(500):
    _send(state, number, number)
    count.add()
    if number == 299:
        write_snapshot(state, count.requests, "key_1", folder / "state.arrow")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_loses_what_came_after_the_snapshot_and_says_how_much(tmp_path: Path) -> None:
    """300 of 500 requests were kept, and the count on the disk knows of all."""
    program = _KILLED.format(folder=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", program, tmp_path], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    state = OnlineState(1_024, 16)
    taken = read_snapshot(state, "key_1", tmp_path / "state.arrow", now_us=500 * SECOND)
    assert state.counts().accounts == taken.requests == 300
    assert RequestCount(tmp_path / "requests").requests - taken.requests == 200


def test_a_file_that_counts_something_else_is_refused(tmp_path: Path) -> None:
    """Nothing is overwritten that is not a count."""
    (tmp_path / "requests").write_text("a letter")
    RequestCount(tmp_path / "requests")
    (tmp_path / "requests").write_text("another letter")
    with pytest.raises(InputError, match="no count"):
        RequestCount(tmp_path / "requests")
