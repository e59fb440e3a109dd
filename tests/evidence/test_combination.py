"""Combining e-values on the logarithmic scale."""

from __future__ import annotations

from decimal import Decimal, localcontext
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.evidence import both, calibrate_p, mean, product

moderate = st.lists(st.floats(-5000.0, 5000.0), min_size=1, max_size=12)


@given(moderate)
def test_mean_agrees_with_long_arithmetic(logs: list[float]) -> None:
    """Even thousands of orders of magnitude apart, the mean is right to many digits."""
    with localcontext(prec=40):
        total = sum((Decimal(10) ** Decimal(level) for level in logs), Decimal(0))
        expected = float((total / len(logs)).log10())
    assert mean(logs) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(moderate)
def test_mean_lies_between_its_parts(logs: list[float]) -> None:
    """The mean never exceeds the largest and loses at most a factor of n to it."""
    level = mean(logs)
    assert level <= max(logs) + 1e-9
    assert level >= max(logs) - np.log10(len(logs)) - 1e-9


def test_mean_with_weights() -> None:
    """Weights are divided by their sum; a weight of zero leaves a value out."""
    assert mean([2.0, 0.0], [3.0, 1.0]) == pytest.approx(np.log10(0.75 * 100 + 0.25))
    assert mean([2.0, 5000.0], [1.0, 0.0]) == pytest.approx(2.0)


def test_mean_of_nothing_is_an_error() -> None:
    """Nothing was tested, so nothing can be averaged."""
    with pytest.raises(ValueError, match="at least one"):
        mean([])


@pytest.mark.parametrize("level", [-5000.0, 5000.0])
def test_extreme_levels_survive(level: float) -> None:
    """No step leaves the logarithmic scale."""
    assert mean([level, level]) == pytest.approx(level)
    assert product([level, level]) == pytest.approx(2 * level)
    assert both(level, 0.0) == min(level, 0.0)


@given(moderate, st.randoms())
def test_order_does_not_matter(logs: list[float], random: Random) -> None:
    """Mean and product are symmetric."""
    shuffled = random.sample(logs, len(logs))
    assert mean(shuffled) == pytest.approx(mean(logs), abs=1e-9)
    assert product(shuffled) == pytest.approx(product(logs), abs=1e-6)


@pytest.mark.parametrize("kappa", [0.1, 0.5, 0.9])
def test_calibrated_p_values_average_to_one(kappa: float) -> None:
    """The integral of the calibrator over p is one, by the midpoint rule in log p."""
    edges = np.linspace(-300.0, 0.0, 30_001)
    middle = (edges[:-1] + edges[1:]) / 2.0
    width = 10.0 ** edges[1:] - 10.0 ** edges[:-1]
    e = np.array([10.0 ** calibrate_p(float(log10_p), kappa) for log10_p in middle])
    assert float(np.sum(e * width)) == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize(("log10_p", "kappa"), [(0.1, 0.5), (-1.0, 0.0), (-1.0, 1.0)])
def test_calibration_outside_its_range_is_an_error(log10_p: float, kappa: float) -> None:
    """A p-value above one, or a bet without stake, is a mistake of the caller."""
    with pytest.raises(ValueError, match="must"):
        calibrate_p(log10_p, kappa)


def test_both_is_calibrated_when_one_null_holds() -> None:
    """If one null is true, the smaller e-value is an e-value, whatever the other is."""
    generator = np.random.default_rng(8)
    null = np.log10(0.5) - 0.5 * np.log10(generator.random(10_000))
    e = np.array([10.0 ** both(float(level), 5000.0) for level in null])
    assert np.mean(e >= 100.0) <= 0.01 + 3.0 * np.sqrt(0.01 * 0.99 / e.size)
