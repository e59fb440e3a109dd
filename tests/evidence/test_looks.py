"""Looking again and again costs nothing: the weighted sum holds at any stopping time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.evidence import LOOK_WEIGHTS, LOOKS, weighted_looks


def test_weights_spend_the_error_once() -> None:
    """Every look has a positive share, and the shares add up to one."""
    assert sum(LOOK_WEIGHTS) == pytest.approx(1.0, abs=1e-12)
    assert all(weight > 0 for weight in LOOK_WEIGHTS)
    assert len(LOOKS) == len(LOOK_WEIGHTS)
    assert list(LOOKS) == sorted(set(LOOKS))


levels = st.floats(-5000.0, 5000.0) | st.just(float("-inf"))


@given(st.lists(levels, min_size=1, max_size=len(LOOKS)))
def test_the_running_sum_never_falls(logs: list[float]) -> None:
    """A further look can only add, whatever it says."""
    running = [weighted_looks(logs[:looks]) for looks in range(len(logs) + 1)]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(running))
    assert not np.isnan(running).any()


def test_persistent_scores_are_calibrated_over_all_looks() -> None:
    """An honest operator whose e is the same at every look exceeds 1/a with chance a."""
    generator = np.random.default_rng(3)
    draws = 10_000
    kappa = 0.25
    log10_e = np.log10(kappa) + (kappa - 1.0) * np.log10(generator.random(draws))
    largest = np.array(
        [
            max(weighted_looks([level] * looks) for looks in range(1, len(LOOKS) + 1))
            for level in log10_e
        ]
    )
    for alpha in (0.1, 0.01, 0.001):
        spread = 3.0 * np.sqrt(alpha * (1 - alpha) / draws)
        assert np.mean(largest >= -np.log10(alpha)) <= alpha + spread


def test_fresh_scores_are_calibrated_over_all_looks() -> None:
    """The same for an operator whose e-values of successive looks are independent."""
    generator = np.random.default_rng(4)
    draws = 10_000
    log10_e = np.log10(0.5) - 0.5 * np.log10(generator.random((draws, len(LOOKS))))
    last = np.array([weighted_looks(row.tolist()) for row in log10_e])
    e = 10.0**last
    assert e.mean() <= 1.0 + 3.0 * e.std() / np.sqrt(draws)
    for alpha in (0.1, 0.01):
        spread = 3.0 * np.sqrt(alpha * (1 - alpha) / draws)
        assert np.mean(last >= -np.log10(alpha)) <= alpha + spread


def test_before_the_first_look_there_is_nothing() -> None:
    """No look, no evidence at all."""
    assert weighted_looks([]) == float("-inf")


def test_more_looks_than_planned_are_an_error() -> None:
    """A weight that was not set aside cannot be spent."""
    with pytest.raises(ValueError, match="looks are planned"):
        weighted_looks([0.0] * (len(LOOKS) + 1))
