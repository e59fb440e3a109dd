"""The e-value of a p-value: one on average, whatever the strength, and close to the best."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.evidence import calibrate_p_mixed


def test_the_mean_is_one() -> None:
    """Integrated over a uniform p-value it is 1: all of it, down to chances of 1e-4000."""
    # In L = -ln p the integrand is e(p) p, with a tail of 1/L^2.
    lengths = np.concatenate(
        [np.linspace(1e-9, 50.0, 200_001), np.geomspace(50.0, 1e4, 200_001)[1:]]
    )
    values = np.exp(np.log(10) * calibrate_p_mixed(-lengths / np.log(10)) - lengths)
    assert np.trapezoid(values, lengths) + 1e-4 == pytest.approx(1.0, abs=1e-6)


@given(st.floats(-1000.0, -1e-9))
def test_against_arbitrary_precision(log10_p: float) -> None:
    """The formula holds near 1 and far below the smallest double."""
    with mpmath.workdps(700 + int(-2 * log10_p)):
        p = mpmath.mpf(10) ** mpmath.mpf(log10_p)
        logs = mpmath.log(p)
        expected = float(mpmath.log10((1 - p + p * logs) / (p * logs**2)))
    assert calibrate_p_mixed(log10_p) == pytest.approx(expected, rel=1e-8, abs=1e-9)


def test_it_falls_with_the_p_value() -> None:
    """A smaller p-value never gives a smaller e-value."""
    assert (np.diff(calibrate_p_mixed(-np.linspace(0.0, 2.0, 100_001))) >= 0.0).all()
