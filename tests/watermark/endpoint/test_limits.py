"""Rates of clients and of everybody."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import ConfigError
from phalanx.serving.limits import LimitReachedError
from phalanx.watermark.endpoint import limits
from phalanx.watermark.endpoint.limits import Limits, Rate
from phalanx.watermark.keys.secret import Secret

DAY = 86_400.0
SECRET = Secret(bytes(32))


@given(st.lists(st.floats(0, 5 * DAY), max_size=80), st.integers(1, 5), st.integers(1, 20))
def test_nobody_gets_more_than_burst_and_rate(
    moments: list[float], burst: int, per_day: int
) -> None:
    """Whenever one asks."""
    held = Limits(Rate(burst, per_day), Rate(1e6, 1e6), SECRET)
    given_at = []
    for moment in sorted(moments):
        with suppress(LimitReachedError):
            held.charge("192.0.2.1", moment)
            given_at.append(moment)
    for first in range(len(given_at)):
        for last in range(first, len(given_at)):
            span = given_at[last] - given_at[first]
            assert last - first + 1 <= burst + span * per_day / DAY + 1e-6


def test_many_addresses_share_what_there_is_for_all() -> None:
    """And a refusal says when to come back."""
    held = Limits(Rate(1, 1), Rate(3, 24), SECRET)
    for at in range(3):
        held.charge(f"192.0.2.{at}", 0.0)
    with pytest.raises(LimitReachedError, match="this server") as raised:
        held.charge("192.0.2.9", 0.0)
    assert raised.value.wait_seconds == pytest.approx(3600)
    held.charge("192.0.2.9", 3600.0)
    with pytest.raises(LimitReachedError, match="this client"):
        held.charge("192.0.2.1", 3600.0)
    with pytest.raises(LimitReachedError):
        held.charge("192.0.2.9", -1e9)


def test_one_network_is_one_client() -> None:
    """Whoever has a network of IPv6 has 2^64 addresses."""
    held = Limits(Rate(1, 1), Rate(10, 10), SECRET)
    held.charge("2001:db8::1", 0.0)
    with pytest.raises(LimitReachedError):
        held.charge("2001:db8::2", 0.0)
    held.charge("2001:db8:0:1::2", 0.0)


def test_no_more_clients_are_remembered_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those who asked least recently go first; their addresses were never kept."""
    monkeypatch.setattr(limits, "MOST_CLIENTS", 2)
    held = Limits(Rate(1, 1), Rate(10, 10), SECRET)
    for at in range(3):
        held.charge(f"192.0.2.{at}", 0.0)
    assert len(held._buckets) == 2
    assert "192.0.2" not in repr(held._buckets)
    held.charge("192.0.2.0", 0.0)
    with pytest.raises(LimitReachedError):
        held.charge("192.0.2.2", 0.0)


def test_a_rate_that_allows_nothing_is_refused() -> None:
    """It would be no endpoint."""
    for rate in ((0.5, 1.0), (1.0, 0.0)):
        with pytest.raises(ConfigError):
            Rate(*rate)
