"""How far something is in force."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from phalanx.prevent.policy.stages import place_of, share_in_force


@given(st.text(), st.binary(min_size=16, max_size=64))
def test_an_account_keeps_its_place(account: str, key: bytes) -> None:
    """Under one key and name of a policy, whatever the account is called."""
    place = place_of(account, "production", key)
    assert place == place_of(account, "production", key)
    assert 0 <= place < 1


def test_places_are_spread_evenly() -> None:
    """A canary of 5 % meets 5 % of accounts: places are uniform (Kolmogorov-Smirnov)."""
    places = [place_of(f"acct_{number}", "production", bytes(16)) for number in range(20_000)]
    assert kstest(places, "uniform").pvalue > 1e-4
    assert abs(sum(place < 0.05 for place in places) / len(places) - 0.05) < 0.01


def test_another_key_or_policy_chooses_other_accounts() -> None:
    """Not always the same accounts come first, and nobody without the key knows which."""
    of_one = place_of("acct_1", "production", bytes(16))
    assert of_one != place_of("acct_1", "production", b"k" * 16)
    assert of_one != place_of("acct_1", "staging", bytes(16))


def test_an_account_that_no_text_should_be_has_a_place() -> None:
    """Half a surrogate pair, which JSON can carry, breaks nothing."""
    assert 0 <= place_of("\ud800", "production", bytes(16)) < 1


@pytest.mark.parametrize("key", [b"", b"k" * 15, b"k" * 65])
def test_a_key_of_the_wrong_length_is_refused(key: bytes) -> None:
    """Too short can be guessed, too long is cut."""
    with pytest.raises(ValueError, match="16 to 64"):
        place_of("acct_1", "production", key)


def test_a_canary_without_a_share_is_in_force_nowhere() -> None:
    """Documents never say so; the function still has an answer."""
    assert share_in_force("canary", None) == 0.0
