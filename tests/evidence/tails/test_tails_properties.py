"""What every tail does: it falls, it agrees where scipy is good, and it has no floor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from phalanx.evidence.tails import (
    binomial_log10_sf,
    gamma_log10_sf,
    hypoexponential_log10_sf,
    lattice_log10_sf,
)

counts = st.integers(1, 1_000_000_000)
weights = st.floats(1e-6, 1e6)
places = st.lists(st.floats(-8.0, 1e4), min_size=2, max_size=20)


@given(counts, places)
def test_gamma_falls(count: int, deviations: list[float]) -> None:
    """A larger total is less likely, up to the last digits, and no chance is above 1."""
    totals = np.sort(count + np.array(deviations) * count**0.5).clip(0.0)
    logs = gamma_log10_sf(totals, count)
    assert (logs <= 0.0).all()
    assert (np.diff(logs) <= 1e-9 * np.abs(logs[1:])).all()


@given(counts, weights, st.one_of(st.just(0.0), weights), places)
@settings(max_examples=60)
def test_two_sizes_fall_between_their_bounds(
    count: int, first: float, second: float, deviations: list[float]
) -> None:
    """Both terms are between 0 and the larger size: the chance is between those of equal sizes."""
    larger = max(first, second)
    mean, deviation = count * (first + second), count**0.5 * np.hypot(first, second)
    totals = np.sort(mean + np.array(deviations) * deviation).clip(0.0)
    logs = hypoexponential_log10_sf(totals, count, first, second)
    slack = 1e-9 * np.abs(logs) + 1e-9
    assert (np.diff(logs) <= slack[1:]).all()
    assert (logs >= gamma_log10_sf(totals / larger, count) - slack).all()
    assert (logs <= gamma_log10_sf(totals / larger, 2 * count) + slack).all()


@given(st.integers(1, 400), st.floats(0.01, 0.99))
def test_hits_fall_and_agree_with_scipy(trials: int, share: float) -> None:
    """At every number of hits the chance is scipy's, where scipy has digits."""
    hits = np.arange(trials + 2)
    logs = binomial_log10_sf(hits, trials, share)
    assert (np.diff(logs[:-1]) <= 1e-12).all()
    assert logs[0] == 0.0
    assert logs[-1] == -np.inf
    expected = stats.binom.sf(hits - 1, trials, share)
    good = expected > 1e-250
    assert np.allclose(10.0 ** logs[good], expected[good], rtol=1e-9)


@given(st.integers(1, 200), st.lists(st.integers(0, 5), min_size=2, max_size=12).filter(any))
@settings(max_examples=25)
def test_a_lattice_agrees_with_convolution(count: int, ways: list[int]) -> None:
    """For any law of one score, its sums' tails are those of repeated convolution."""
    law = np.array(ways) / sum(ways)
    sums = np.ones(1)
    for _ in range(count):
        sums = np.convolve(sums, law)
    tails = np.cumsum(sums[::-1])[::-1]
    logs = lattice_log10_sf(np.arange(tails.size), count, law)
    good = tails > 1e-250
    assert np.allclose(10.0 ** logs[good], tails[good], rtol=1e-8)


def test_a_lattice_whose_least_scores_never_occur() -> None:
    """A law that begins beyond 0 is the law from 0, moved."""
    logs = lattice_log10_sf(np.arange(60.0, 92.0), 30, [0.0, 0.0, 0.5, 0.5])
    assert np.allclose(logs, binomial_log10_sf(np.arange(0.0, 32.0), 30, 0.5), rtol=1e-9)


def test_two_sizes_of_which_one_is_none() -> None:
    """A weight of 0 leaves a gamma law, and equal weights one of twice as many."""
    for count in (1, 50, 1_000_000, 1_000_000_000):
        totals = (count + np.array([-6.0, -3, 0, 3, 30, 100]) * count**0.5).clip(0.01)
        expected = gamma_log10_sf(totals, count)
        assert np.allclose(hypoexponential_log10_sf(totals, count, 0.0, 1.0), expected, rtol=1e-10)
        expected = gamma_log10_sf(2.0 * totals, 2 * count)
        assert np.allclose(hypoexponential_log10_sf(totals, count, 0.5, 0.5), expected, rtol=1e-10)


def test_a_moment_matched_gamma_is_too_light() -> None:
    """What a gamma law of the same mean and variance calls 1e-10 has really nearly twice that."""
    count, first, second = 50, 0.9, 0.1
    mean, variance = count * 1.0, count * (first**2 + second**2)
    total = stats.gamma.isf(1e-10, mean**2 / variance, scale=variance / mean)
    real = 10.0 ** hypoexponential_log10_sf([total], count, first, second)[0]
    assert 1.8e-10 < real < 2.0e-10


def test_ends_of_the_range() -> None:
    """Totals of nothing, beyond doubles, and of no terms have an answer."""
    ends = [-1.0, 0.0, 1e-300, np.inf]
    assert gamma_log10_sf(ends, 3).tolist() == [0.0, 0.0, 0.0, -np.inf]
    assert hypoexponential_log10_sf(ends, 3, 0.9, 0.1).tolist() == [0.0, 0.0, 0.0, -np.inf]
    assert gamma_log10_sf(ends, 0).tolist() == [0.0, 0.0, -np.inf, -np.inf]
    assert hypoexponential_log10_sf(ends, 0, 1.0, 1.0).tolist() == [0.0, 0.0, -np.inf, -np.inf]
    assert binomial_log10_sf([0, 1], 0, 0.5).tolist() == [0.0, -np.inf]
    assert lattice_log10_sf([0, 1], 0, [0.5, 0.5]).tolist() == [0.0, -np.inf]
    assert np.isnan(gamma_log10_sf([np.nan], 3)).all()
    assert np.isnan(hypoexponential_log10_sf([np.nan], 3, 0.9, 0.1)).all()
    assert gamma_log10_sf([1e12], 1000)[0] == pytest.approx(-1e12 / np.log(10), rel=1e-6)


def test_a_window_that_would_be_too_large_is_bounded() -> None:
    """Where no window holds the law, the answer is above the chance and close to it."""
    count, law = 100_000_000, np.zeros(1001)
    law[[0, 1000]] = 0.5
    hits = count // 2 + 50_000
    bound = lattice_log10_sf([1000 * hits], count, law)[0]
    exact = binomial_log10_sf([hits], count, 0.5)[0]
    assert exact < bound < exact + 2.0


def test_what_is_no_law_is_refused() -> None:
    """Shares, weights and chances that mean nothing raise."""
    with pytest.raises(ValueError, match="share must be"):
        binomial_log10_sf([1], 2, 1.0)
    with pytest.raises(ValueError, match="weights must be"):
        hypoexponential_log10_sf([1.0], 2, 0.0, 0.0)
    with pytest.raises(ValueError, match="chances must be"):
        lattice_log10_sf([1], 2, [0.5, 0.6])
