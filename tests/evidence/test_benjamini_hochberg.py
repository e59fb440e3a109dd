"""Conformal p-values and the list that Benjamini and Hochberg draw of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.evidence import benjamini_hochberg, conformal_p_values

DRAWS = 10_000


@pytest.mark.parametrize(("tested", "reference"), [(1, 9), (5, 99), (30, 200), (30, 2_000)])
def test_p_values_are_uniform_or_larger(tested: int, reference: int) -> None:
    """Over 10,000 draws under the null, p is at most alpha with probability at most alpha."""
    generator = np.random.default_rng(tested + reference)
    p = np.concatenate(
        [
            conformal_p_values(generator.random(tested), generator.random(reference))
            for _ in range(DRAWS // tested + 1)
        ]
    )
    for alpha in (0.01, 0.1, 0.5):
        assert np.mean(p <= alpha) <= alpha + 3.0 * np.sqrt(tested * alpha / p.size)


@pytest.mark.parametrize("outliers", [0, 3, 10])
@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_the_false_share_is_at_most_the_rate(rate: float, outliers: int) -> None:
    """Over 10,000 lists from one reference each, with outliers among the tested or none."""
    generator = np.random.default_rng(outliers)
    tested, reference = 20, 400
    shares = np.empty(DRAWS)
    for draw in range(DRAWS):
        scores = generator.random(tested)
        scores[:outliers] += 0.99
        rejected = benjamini_hochberg(conformal_p_values(scores, generator.random(reference)), rate)
        shares[draw] = rejected[outliers:].sum() / max(rejected.sum(), 1)
    assert shares.mean() <= rate + 3.0 * shares.std() / np.sqrt(DRAWS)


def test_ties_count_against_the_score() -> None:
    """Where all are alike nobody stands out."""
    assert conformal_p_values(np.zeros(3), np.zeros(7)).tolist() == [1.0, 1.0, 1.0]


@given(
    p=st.lists(st.floats(0.0, 1.0), max_size=12).map(np.array),
    rate=st.floats(0.01, 0.5),
    seed=st.integers(0, 99),
)
def test_order_does_not_matter_and_smaller_p_values_stay(
    p: np.ndarray, rate: float, seed: int
) -> None:
    """The list follows a permutation, and holds whoever is surer than one of its members."""
    listed = benjamini_hochberg(p, rate)
    order = np.random.default_rng(seed).permutation(p.size)
    assert benjamini_hochberg(p[order], rate).sum() == listed.sum()
    if listed.any():
        assert listed[p < p[listed].max()].all()


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_rate_lies_between_none_and_all(rate: float) -> None:
    """Other rates are refused."""
    with pytest.raises(ValueError, match="must lie in"):
        benjamini_hochberg(np.array([0.5]), rate)
