"""Conformal e-values: exactly one on average, and bounded by the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.evidence import conformal_log10_e, reachable_log10_e

scores = st.lists(st.floats(-50.0, 50.0), min_size=1, max_size=30)


@given(scores)
def test_mean_over_all_positions_is_one(logs: list[float]) -> None:
    """If any of the scores could be the tested one, the e-values average to one exactly."""
    everything = np.array(logs)
    total = sum(
        10.0 ** conformal_log10_e(float(everything[i]), np.delete(everything, i))
        for i in range(everything.size)
    )
    assert total / everything.size == pytest.approx(1.0, rel=1e-9)


@given(st.floats(-3000.0, 3000.0), scores)
def test_never_above_the_size_of_the_reference(tested: float, reference: list[float]) -> None:
    """A reference of m operators cannot give more than m + 1."""
    bound = reachable_log10_e(len(reference))
    assert conformal_log10_e(tested, np.array(reference)) <= bound + 1e-12


def test_the_bound_is_reached_by_an_extreme_score() -> None:
    """A score far above all others is worth m + 1."""
    level = conformal_log10_e(3000.0, np.zeros(99))
    assert level == pytest.approx(reachable_log10_e(99)) == pytest.approx(2.0)


def test_without_reference_there_is_no_evidence() -> None:
    """One operator alone cannot be unusual."""
    assert conformal_log10_e(1e4, np.zeros(0)) == 0.0
    assert reachable_log10_e(0) == 0.0


def test_only_differences_of_scores_matter() -> None:
    """Shifting all log scores, even far beyond what exp can hold, changes nothing."""
    reference = np.array([0.0, 1.0, 2.0])
    level = conformal_log10_e(3.0, reference)
    assert conformal_log10_e(11_003.0, reference + 11_000.0) == pytest.approx(level)
    assert conformal_log10_e(-10_997.0, reference - 11_000.0) == pytest.approx(level)


def test_undetected_campaigns_in_the_reference_cost_power_only() -> None:
    """Harvesters among the reference lower the evidence against one more."""
    clean = conformal_log10_e(6.0, np.zeros(200))
    dirty = conformal_log10_e(6.0, np.append(np.zeros(190), np.full(10, 6.0)))
    assert 0.0 < dirty < clean
