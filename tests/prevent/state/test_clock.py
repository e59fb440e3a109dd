"""The clock of the state never goes back."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.prevent.state.clock import AHEAD_US, LATE_US, StateClock

MOMENTS = st.lists(st.integers(0, 10**13), min_size=1, max_size=20)


@settings(max_examples=100)
@given(MOMENTS)
def test_time_never_goes_back(moments: list[int]) -> None:
    """Whatever the clock of the machine does."""
    clock = StateClock()
    told = [clock.at(moment) for moment in moments]
    assert all(before <= after for before, after in pairwise(told))


@settings(max_examples=100)
@given(MOMENTS, st.integers(LATE_US + 1, 10**12), st.integers(0, AHEAD_US))
def test_after_a_step_back_time_goes_on_at_once(
    moments: list[int], step_us: int, later_us: int
) -> None:
    """Counts neither pile up until the clock has caught up, nor fade by the step."""
    clock = StateClock()
    before = max(clock.at(moment) for moment in moments)
    latest = clock.latest_us
    assert latest is not None
    steps = clock.steps_back
    assert clock.at(latest - step_us) == before
    assert clock.at(latest - step_us + later_us) == before + later_us
    assert clock.steps_back == steps + 1


def test_a_late_arrival_is_no_step() -> None:
    """Threads do not come in the order of their moments."""
    clock = StateClock()
    clock.at(10_000_000)
    assert clock.at(10_000_000 - LATE_US) == 10_000_000
    assert clock.steps_back == 0


def test_a_long_silence_is_counted() -> None:
    """It may have been the clock."""
    clock = StateClock()
    clock.at(0)
    clock.at(AHEAD_US + 1)
    assert clock.jumps_ahead == 1


def test_a_state_goes_on_from_a_later_moment_than_now() -> None:
    """A snapshot of a machine whose clock was ahead does not turn time back."""
    clock = StateClock()
    clock.start_from(state_us=100_000_000, now_us=50_000_000)
    assert clock.at(50_000_000) == 100_000_000
    assert clock.at(60_000_000) == 110_000_000
    assert clock.steps_back == 1
