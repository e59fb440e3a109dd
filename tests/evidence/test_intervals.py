"""Exact binomial bounds against an independent computation."""

from __future__ import annotations

from decimal import Decimal, localcontext
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from phalanx.evidence import clopper_pearson_upper


@pytest.mark.parametrize(
    ("successes", "trials", "confidence"),
    [(0, 10, 0.95), (1, 10, 0.95), (9, 10, 0.95), (3, 30_000, 0.95), (50, 400, 0.999)],
)
def test_bound_solves_its_equation(successes: int, trials: int, confidence: float) -> None:
    """At the bound, seeing this few has probability 1 - confidence, summed term by term."""
    bound = clopper_pearson_upper(successes, trials, confidence=confidence)
    with localcontext(prec=40):
        share = Decimal(bound)
        seen = sum(
            comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(successes + 1)
        )
    assert float(seen) == pytest.approx(1 - confidence, rel=1e-9)
    assert float(stats.binom.cdf(successes, trials, bound)) == pytest.approx(1 - confidence)


def test_rule_of_three() -> None:
    """None of n: about 3 / n at 95 per cent."""
    assert clopper_pearson_upper(0, 30_000) == pytest.approx(1 - 0.05 ** (1 / 30_000))


@pytest.mark.parametrize("trials", [0, 1, 50])
def test_all_of_n_leaves_everything_possible(trials: int) -> None:
    """When all succeeded, or none was tried, the bound is one."""
    assert clopper_pearson_upper(trials, trials) == 1.0


@settings(deadline=None)
@given(st.integers(1, 300), st.data())
def test_bound_lies_above_the_share_and_grows(trials: int, data: st.DataObject) -> None:
    """The bound exceeds the share that was seen, and one more success raises it."""
    successes = data.draw(st.integers(0, trials - 1))
    bound = clopper_pearson_upper(successes, trials)
    assert successes / trials < bound < clopper_pearson_upper(successes + 1, trials) <= 1.0


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5), (0, -1)])
def test_impossible_counts_are_an_error(successes: int, trials: int) -> None:
    """More successes than trials is a mistake of the caller."""
    with pytest.raises(ValueError, match="successes"):
        clopper_pearson_upper(successes, trials)
