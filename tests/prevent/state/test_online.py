"""What the state remembers of accounts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.prevent.state.kernel import find
from phalanx.prevent.state.layout import (
    COUNTERS,
    USED,
    empty_accounts,
    identity_of,
)
from phalanx.prevent.state.online import Arrival, OnlineState

KEY = bytes(32)
SECOND = 1_000_000
DAY = 86_400 * SECOND


def _arrival(account: str, second: float, *, content: str = "a", tokens: int = 100) -> Arrival:
    return Arrival(
        account=identity_of(account, KEY),
        group=None,
        organisation=0,
        content=identity_of(content, KEY)[0],
        at_us=round(second * SECOND),
        set_aside_tokens=tokens,
        weight=1.0,
    )


def _known(state: OnlineState, arrival: Arrival) -> dict[str, float]:
    return dict(zip(COUNTERS, state.arrive(arrival).account.tolist(), strict=True))


def test_a_steady_sender_shows_what_he_sends() -> None:
    """One request a second is 60 a minute and 3,600 an hour, as time goes on."""
    state = OnlineState(64, 16)
    for second in range(4 * 3_600):
        known = _known(state, _arrival("a", second))
    assert known["requests_per_minute"] == pytest.approx(60, rel=0.02)
    assert known["requests_per_hour"] == pytest.approx(3_600 * (1 - math.exp(-4)), rel=0.01)


def test_counts_fade_by_their_horizon() -> None:
    """After one horizon, 1/e is left, and the new request on top."""
    state = OnlineState(64, 16)
    for _ in range(10):
        state.arrive(_arrival("a", 0))
    known = _known(state, _arrival("a", 60))
    assert known["requests_per_minute"] == pytest.approx(1 + 10 / math.e, rel=1e-5)
    assert known["requests_per_hour"] == pytest.approx(1 + 10 * math.exp(-1 / 60), rel=1e-5)


def test_requests_under_way_count_as_if_they_had_got_it_all() -> None:
    """A thousand that come at once see each other."""
    state = OnlineState(64, 16)
    values = [_known(state, _arrival("a", 0))["value_per_day"] for _ in range(5)]
    assert values == [100, 200, 300, 400, 500]


def test_what_a_request_got_takes_the_place_of_what_was_set_aside() -> None:
    """A refused one leaves no value, only that it was asked."""
    state = OnlineState(64, 16)
    first = _arrival("a", 0, tokens=1_000)
    began = state.arrive(first).at_us
    assert state.settle(first, began, 30 * SECOND, 0, 0.1, turned_away=True) == 0
    known = _known(state, _arrival("a", 30, tokens=0))
    assert known["value_per_hour"] == pytest.approx(0, abs=1e-3)
    assert known["output_tokens_per_day"] == pytest.approx(0, abs=1e-3)
    assert known["requests_per_day"] == pytest.approx(2, rel=1e-3)


def test_a_repeated_content_is_worth_its_share_only() -> None:
    """New content counts in full, the same again a tenth of it."""
    state = OnlineState(64, 16)
    values = []
    for second in range(3):
        arrival = _arrival("a", second)
        began = state.arrive(arrival).at_us
        values.append(state.settle(arrival, began, arrival.at_us, 100, 0.1, turned_away=False))
    assert values == pytest.approx([100, 10, 10])


def test_value_of_many_new_contents_is_right_on_average() -> None:
    """Calibration: 64 accounts of 500 new contents each are counted within 4 standard errors."""
    state = OnlineState(64, 16)
    totals = np.zeros(64)
    for account in range(64):
        for number in range(500):
            arrival = _arrival(f"a{account}", 0, content=f"{account}/{number}")
            began = state.arrive(arrival).at_us
            totals[account] += state.settle(arrival, began, 0, 10, 0.0, turned_away=False)
    assert abs(totals.mean() / 5_000 - 1) < 4 * 0.075 / math.sqrt(64)


def test_a_group_counts_what_all_its_accounts_do() -> None:
    """Spreading over accounts of one group does not help."""
    state = OnlineState(64, 16)
    group = identity_of("campaign", KEY)
    for number in range(10):
        arrival = replace(_arrival(f"a{number}", 0, content=str(number)), group=group)
        standing = state.arrive(arrival)
    assert standing.group is not None
    assert dict(zip(COUNTERS, standing.group, strict=True))["value_per_day"] == 1_000
    assert dict(zip(COUNTERS, standing.account, strict=True))["value_per_day"] == 100


def test_a_request_that_was_turned_away_is_known_when_another_account_sends_it() -> None:
    """And is counted for that account from then on."""
    state = OnlineState(64, 16)
    first = _arrival("a", 0)
    state.settle(first, state.arrive(first).at_us, 0, 0, 0.1, turned_away=True)
    standing = state.arrive(_arrival("b", 5))
    assert standing.continues_elsewhere
    assert dict(zip(COUNTERS, standing.account, strict=True))["continuations_per_day"] == 1


def test_a_full_state_gives_up_idle_accounts_and_counts_them() -> None:
    """With the value that is forgotten; the account that is active stays."""
    state = OnlineState(64, 16)
    for number in range(1_000):
        state.arrive(_arrival(f"a{number}", number))
        known = _known(state, _arrival("active", number))
    counts = state.counts()
    assert counts.accounts == 64
    assert counts.evicted == counts.evicted_lately == 1_001 - 64
    assert counts.evicted_value == pytest.approx(100 * (1_001 - 64), rel=0.01)
    assert known["requests_per_day"] == pytest.approx(1_000, rel=0.01)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=300), st.integers(0, 2**31))
def test_every_row_is_found_under_its_own_identity(accounts: list[int], seed: int) -> None:
    """However many came and went: the index holds each row in use once, and no other."""
    state = OnlineState(16, 16, seed=seed)
    for second, account in enumerate(accounts):
        state.arrive(_arrival(f"a{account}", second))
    table = state.accounts
    used = int(table.tally[USED])
    assert sorted(table.index[table.index >= 0].tolist()) == list(range(used))
    for row in range(used):
        first, second = table.identity[row]
        assert find(table.identity, table.index, first, second)[0] == row


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 10**13), st.integers(0, 10_000)), max_size=30
    )
)
def test_counts_are_never_negative_nor_lost_in_infinity(
    events: list[tuple[int, int, int]],
) -> None:
    """Whatever the clock does between a request and its end."""
    state = OnlineState(16, 16)
    for account, at_us, tokens in events:
        arrival = replace(_arrival(f"a{account}", 0, tokens=10_000), at_us=at_us)
        standing = state.arrive(arrival)
        assert np.isfinite(standing.account).all()
        state.settle(arrival, standing.at_us, at_us, tokens, 0.1, turned_away=False)
    assert (state.accounts.counters >= 0).all()
    assert np.isfinite(state.accounts.counters).all()


def test_an_account_takes_at_most_300_bytes() -> None:
    """Arrays and index together."""
    assert empty_accounts(1 << 20, 1).bytes_per_account <= 300


@pytest.mark.parametrize("capacity", [0, 15, (1 << 30) + 1])
def test_a_table_of_another_size_is_refused(capacity: int) -> None:
    """Too few rows to choose from, or more than the index can name."""
    with pytest.raises(ValueError, match="16 to"):
        empty_accounts(capacity, 1)
