"""Numbers are written so that nobody misreads them."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from phalanx.formats import notation


@given(st.floats(allow_nan=False))
def test_any_logarithm_can_be_written(log10_e: float) -> None:
    """Every e-value has a short text, infinite ones too."""
    assert 0 < len(notation.e_value(log10_e)) < 310
    assert notation.p_value(min(0.0, -log10_e))


def test_an_infinite_logarithm_is_no_power() -> None:
    """The largest double stands for infinity in JSON and reads as such everywhere."""
    assert notation.e_value(1.7976931348623157e308) == "unbounded"
    assert notation.e_value(-math.inf) == "0"


@given(st.lists(st.floats(min_value=0.0, max_value=1.0), max_size=400))
def test_expected_members_stay_in_range(confidences: list[float]) -> None:
    """The interval holds the estimate and lies within the group."""
    interval = notation.expected_members(confidences)
    assert 0.0 <= interval.low <= interval.estimate + 1e-9
    assert interval.estimate - 1e-9 <= interval.high <= len(confidences)


def test_certain_members_have_no_interval() -> None:
    """Accounts that certainly belong leave nothing open."""
    assert notation.expected_members([1.0] * 7) == notation.Interval(estimate=7, low=7, high=7)


@given(st.floats(min_value=0.0, max_value=1e17))
def test_short_counts_are_short(number: float) -> None:
    """A large count needs no more than eight characters."""
    assert len(notation.short_count(number)) <= 9


def test_shares_keep_what_is_small() -> None:
    """A share below one per mille is not rounded to nothing."""
    assert notation.share(0.00004) == "0.004 %"
