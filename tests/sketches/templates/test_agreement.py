"""The rate of false matches: as derived, and as found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from phalanx.sketches.templates.agreement import agreeing_needed, log10_chance_of_match
from phalanx.sketches.templates.kernel import sketch_sets


@pytest.mark.parametrize("true_jaccard", [0.0, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_the_chance_is_that_of_the_binomial(true_jaccard: float, bits: int) -> None:
    """Where the tail is not too small for floating point, it agrees with scipy's."""
    chance = true_jaccard + (1 - true_jaccard) * 2.0**-bits
    expected = binom.logsf(agreeing_needed(0.5, bits) - 1, 128, chance) / np.log(10)
    if expected > -200:
        assert log10_chance_of_match(true_jaccard, 0.5, bits) == pytest.approx(expected, rel=1e-6)


def test_the_chance_has_no_floor() -> None:
    """Also where the tail lies below what a float can hold."""
    assert log10_chance_of_match(0.0, 1.0, 16) == pytest.approx(-128 * 16 * np.log10(2))


@pytest.mark.parametrize("jaccard", [0.0, -1.0, 1.01])
def test_a_threshold_is_a_share(jaccard: float) -> None:
    """No threshold matches everything."""
    with pytest.raises(ValueError, match="share of common shingles"):
        agreeing_needed(jaccard)


@pytest.mark.parametrize(
    ("common", "least"), [(0, 0.03), (20, 0.2), (20, 0.25), (34, 0.5), (40, 0.5)]
)
def test_false_matches_come_as_often_as_derived(common: int, least: float) -> None:
    """Pairs that share so many of 100 shingles pass a threshold as often as the formula says."""
    pairs, drawn = 4_000, np.random.default_rng(common)
    values = drawn.integers(1, 2**64, (pairs, 100), np.uint64)
    own = (100 - common) // 2
    sets = [values[:, : common + own], np.delete(values, np.s_[common : common + own], axis=1)]
    size = sets[0].shape[1]
    starts = np.arange(2 * pairs + 1) * size
    minhash, _ = sketch_sets(np.stack(sets, axis=1).ravel(), starts)
    passed = ((minhash[::2] == minhash[1::2]).sum(axis=1) >= agreeing_needed(least)).sum()
    chance = 10 ** log10_chance_of_match(common / 100, least)
    assert binom.cdf(passed, pairs, chance) > 1e-4
    assert binom.sf(passed - 1, pairs, chance) > 1e-4
