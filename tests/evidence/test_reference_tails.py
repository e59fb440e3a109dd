"""p-values that hold given the reference, and what is bet on them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.evidence import anchors, bet_on_levels, pool_log10_e, tail_bounds
from phalanx.evidence.intervals import clopper_pearson_upper

DRAWS = 4_000
SIZE = 300


def _tails(generator: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
    """Return the true probabilities of being beyond the anchors of uniform references."""
    reference = np.sort(generator.random((DRAWS, size)), axis=1)[:, ::-1]
    return 1.0 - reference[:, anchors(size) - 1]


def test_all_bounds_hold_together_as_often_as_they_promise() -> None:
    """Over references, some bound is broken with no more than the probability of failure."""
    failure = 0.05
    tails = _tails(np.random.default_rng(1), SIZE)
    broken = int((tails > tail_bounds(SIZE, failure)).any(axis=1).sum())
    assert broken > 0, "a bound that never breaks would be too wide"
    assert broken <= clopper_pearson_upper(int(failure * DRAWS), DRAWS, confidence=0.999) * DRAWS


def test_a_bet_has_mean_one_at_most_given_any_reference_that_does_not_mislead() -> None:
    """The mean follows from the true tails, so nothing of it is left to chance."""
    failure = 0.05
    bounds = tail_bounds(SIZE, failure)
    earned = 10 ** bet_on_levels(bounds)
    tails = _tails(np.random.default_rng(2), SIZE)
    holds = (tails <= bounds).all(axis=1)
    shares = np.diff(np.column_stack([np.zeros(DRAWS), tails, np.ones(DRAWS)]), axis=1)
    means = shares @ earned
    assert means[holds].max() <= 1.0 + 1e-12
    assert means[holds].max() > 0.5, "a bet that wins nothing shows nothing"


def test_bets_of_many_independent_scores_may_be_multiplied_given_the_reference() -> None:
    """Where plain ranks in one shared reference may not, if it is small."""
    generator = np.random.default_rng(3)
    size, members = 20, 400
    bounds = np.append(tail_bounds(size, 0.05), 1.0)
    ranked_e, bounded_e = [], []
    for _ in range(DRAWS):
        ordered = np.sort(generator.random(size))[::-1]
        scores = generator.random(members)
        above = np.array([np.count_nonzero(ordered >= score) for score in scores])
        ranked_e.append(pool_log10_e((above + 1) / (size + 1), members))
        beyond = (scores[:, None] <= ordered[anchors(size) - 1]).sum(axis=1)
        bounded_e.append(pool_log10_e(bounds[beyond], members))
    level = 100.0
    reached = int((np.array(bounded_e) >= np.log10(level)).sum())
    assert reached <= clopper_pearson_upper(int(DRAWS / level), DRAWS, confidence=0.999) * DRAWS
    assert (np.array(ranked_e) >= np.log10(level)).mean() > 1.5 / level


@given(size=st.integers(1, 100_000), failure=st.floats(1e-9, 0.5))
def test_bounds_rise_with_the_rank_and_lie_between_the_share_and_one(
    size: int, failure: float
) -> None:
    """A bound is never below the share of the reference that lies beyond."""
    bounds = tail_bounds(size, failure)
    assert (np.diff(bounds) >= 0).all()
    assert (bounds <= 1.0).all()
    assert (bounds >= anchors(size) / (size + 1) * 0.999).all() or failure / bounds.size > 0.4


@pytest.mark.parametrize(("size", "failure"), [(0, 0.1), (10, 0.0), (10, 1.0)])
def test_what_is_no_reference_or_no_probability_is_refused(size: int, failure: float) -> None:
    """Rather than a bound that means nothing."""
    with pytest.raises(ValueError, match="at least one score"):
        tail_bounds(size, failure)
