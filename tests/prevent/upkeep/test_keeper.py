"""The state on the disk: what a crash loses is bounded by the last snapshot, and is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from phalanx.errors import InputError
from phalanx.prevent.state.layout import identity_of
from phalanx.prevent.state.online import Arrival, OnlineState
from phalanx.prevent.upkeep.every import Every
from phalanx.prevent.upkeep.keeper import Keeper

KEY = bytes(32)
NOW_US = 1_780_315_200_000_000


def _keeper(path: Path, state: OnlineState | None = None) -> Keeper:
    return Keeper(state or OnlineState(64, 16), "key_1", path, NOW_US)


def _arrive(state: OnlineState, keeper: Keeper, account: str) -> None:
    state.arrive(
        Arrival(
            account=identity_of(account, KEY), group=None, organisation=0, content=1, at_us=NOW_US,
            set_aside_tokens=10, weight=1.0,
        )
    )  # fmt: skip
    keeper.arrived()


def test_what_came_after_the_last_snapshot_is_lost_and_counted(tmp_path: Path) -> None:
    """Whoever starts again hears how many requests the state does not know of."""
    path = tmp_path / "state"
    state = OnlineState(64, 16)
    keeper = _keeper(path, state)
    for number in range(3):
        _arrive(state, keeper, f"a{number}")
    keeper.keep()
    _arrive(state, keeper, "late")
    keeper.close()  # as the death of the process does, without a last snapshot

    again = OnlineState(64, 16)
    second = _keeper(path, again)
    assert (again.counts().accounts, second.lost) == (3, 1)
    second.keep()
    second.close()
    third = _keeper(path)
    assert third.lost == 0
    third.close()


def test_a_death_before_the_first_snapshot_is_counted_too(tmp_path: Path) -> None:
    """The count stands beside the file that was never written."""
    state = OnlineState(64, 16)
    keeper = _keeper(tmp_path / "state", state)
    _arrive(state, keeper, "a")
    keeper.close()
    again = _keeper(tmp_path / "state")
    assert again.lost == 1
    again.close()


def test_one_state_has_one_keeper(tmp_path: Path) -> None:
    """A second gateway would write its state over that of the first."""
    first = _keeper(tmp_path / "state")
    with pytest.raises(InputError, match="another gateway"):
        _keeper(tmp_path / "state")
    first.close()
    _keeper(tmp_path / "state").close()


def test_upkeep_goes_on_after_what_nobody_foresaw() -> None:
    """It is told, and done again."""
    from threading import Event

    told: list[Exception] = []
    twice = Event()

    def work() -> None:
        message = "unforeseen"
        raise ValueError(message)

    def failed(error: Exception) -> None:
        told.append(error)
        if len(told) == 2:
            twice.set()

    upkeep = Every(0.001, work, failed)
    assert twice.wait(60)
    upkeep.close()
    assert all(isinstance(each, ValueError) for each in told)
