"""Weighted bits against enumeration, the binomial law, and arbitrary precision far out."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.evidence.tails import binomial_log10_sf, bits_log10_sf

bits = st.lists(st.tuples(st.integers(0, 9), st.floats(0.0, 1.0)), max_size=8)


@given(bits)
def test_against_every_outcome(given_bits: list[tuple[int, float]]) -> None:
    """Of a few bits all outcomes are added up; some bits may be sure, or weigh nothing."""
    weights, chances = [bit[0] for bit in given_bits], [bit[1] for bit in given_bits]
    totals = np.arange(-1, sum(weights) + 2)
    expected = np.zeros(totals.size)
    for outcome in itertools.product((0, 1), repeat=len(weights)):
        chance = np.prod([p if bit else 1 - p for bit, p in zip(outcome, chances, strict=True)])
        expected[totals <= np.dot(outcome, weights)] += chance
    got = bits_log10_sf(totals, np.array(weights, int), np.array(chances, float))
    good = expected > 1e-200
    assert np.allclose(10.0 ** got[good], expected[good], rtol=1e-9)


@pytest.mark.parametrize("trials", [1, 7, 300, 3000])
def test_equal_bits_are_a_binomial_number(trials: int) -> None:
    """Bits of one weight and chance, at every total, to 1e-1500."""
    hits = np.arange(trials + 2)
    got = bits_log10_sf(hits, np.ones(trials, int), np.full(trials, 0.3))
    assert np.allclose(got, binomial_log10_sf(hits, trials, 0.3), rtol=1e-9, atol=1e-15)


def test_far_out_against_arbitrary_precision() -> None:
    """Unequal bits where chances are beyond the range of doubles."""
    random = np.random.default_rng(0)
    weights, chances = random.integers(1, 12, 150), random.uniform(1e-6, 0.01, 150)
    with mpmath.workdps(40):
        law = [mpmath.mpf(1)]
        for weight, chance in zip(weights.tolist(), chances.tolist(), strict=True):
            longer = [(1 - mpmath.mpf(chance)) * each for each in law] + [mpmath.mpf(0)] * weight
            for at, each in enumerate(law):
                longer[at + weight] += mpmath.mpf(chance) * each
            law = longer
        tails = list(itertools.accumulate(reversed(law)))[::-1]
        totals = [1, 40, 200, 400, 600, int(weights.sum()) - 3, int(weights.sum())]
        expected = [float(mpmath.log10(tails[total])) for total in totals]
    got = bits_log10_sf(totals, weights, chances)
    assert got.tolist() == pytest.approx(expected, rel=1e-10)
    assert got[-1] < -350.0


def test_what_is_no_bit_is_refused() -> None:
    """Weights and chances belong together, and are in range."""
    with pytest.raises(ValueError, match="each bit has"):
        bits_log10_sf([1], [1, 2], [0.5])
    with pytest.raises(ValueError, match="weights must be"):
        bits_log10_sf([1], [-1], [0.5])
    with pytest.raises(ValueError, match="between 0 and 1"):
        bits_log10_sf([1], [1], [1.5])
