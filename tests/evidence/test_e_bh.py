"""e-BH and its form for two nulls: definitions, error rates, extremes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.evidence import (
    LINKED_LOG10_E,
    discoveries_among,
    e_benjamini_hochberg,
    e_benjamini_hochberg_two_nulls,
)
from phalanx.evidence.two_nulls import FIRST_SHARE

Floats = npt.NDArray[np.float64]

levels = st.floats(-6.0, 9.0).map(lambda level: round(level, 2))
rates = st.sampled_from([0.01, 0.05, 0.1])


def brute_force(weighted_log10_es: Floats, rate: float) -> set[int]:
    """Try every number of discoveries, largest first."""
    count = weighted_log10_es.size
    for discoveries in range(count, 0, -1):
        passing = np.flatnonzero(weighted_log10_es >= np.log10(count / (discoveries * rate)))
        if passing.size >= discoveries:
            return set(passing.tolist())
    return set()


@given(st.lists(levels, max_size=25), rates)
def test_agrees_with_its_definition(logs: list[float], rate: float) -> None:
    """The rejected set is the largest whose members all reach n / (k rate)."""
    log10_es = np.array(logs)
    found = e_benjamini_hochberg(log10_es, rate)
    assert set(np.flatnonzero(found.rejected).tolist()) == brute_force(log10_es, rate)


@given(
    st.lists(st.tuples(levels, st.floats(0.1, 50.0)), min_size=1, max_size=25),
    rates,
    st.floats(0.01, 100.0),
)
def test_weights_scale_the_e_values(
    pairs: list[tuple[float, float]], rate: float, scale: float
) -> None:
    """Weights multiply e-values once their mean is one; their unit does not matter."""
    log10_es, weights = np.array(pairs).T
    found = e_benjamini_hochberg(log10_es, rate, weights)
    again = e_benjamini_hochberg(log10_es, rate, weights * scale)
    assert again.threshold_log10_e == pytest.approx(found.threshold_log10_e)
    # Away from exact ties, reaching one's own level is the same as being rejected.
    clear = np.abs(log10_es - found.threshold_log10_e) > 1e-9
    assert np.array_equal(found.rejected[clear], (log10_es >= found.threshold_log10_e)[clear])


@given(st.lists(levels, min_size=1, max_size=25), rates, st.integers(0, 24))
def test_more_evidence_never_loses_a_discovery(logs: list[float], rate: float, which: int) -> None:
    """Raising one e-value keeps all that were rejected."""
    log10_es = np.array(logs)
    raised = log10_es.copy()
    raised[which % raised.size] += 1.0
    before = e_benjamini_hochberg(log10_es, rate).rejected
    after = e_benjamini_hochberg(raised, rate).rejected
    assert not (before & ~after).any()


def false_share(rejected: npt.NDArray[np.bool_], null: npt.NDArray[np.bool_]) -> float:
    """Return the share of discoveries that are false, 0 where there is none."""
    return float(null[rejected].mean()) if rejected.any() else 0.0


def rare_extreme(generator: np.random.Generator, count: int) -> Floats:
    """Draw e-values that are 200 with chance 1/200 and 0 else: their mean is one."""
    return np.where(generator.random(count) < 1 / 200, np.log10(200.0), -np.inf)


def mixture(
    generator: np.random.Generator, hypotheses: int, true_share: float
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Draw e-values with a mean of one under the null, and strong ones elsewhere."""
    null = generator.random(hypotheses) < true_share
    kappa = 0.5
    log10_e = np.log10(kappa) + (kappa - 1.0) * np.log10(generator.random(hypotheses))
    log10_e[~null] += generator.normal(3.0, 1.5, np.count_nonzero(~null))
    return log10_e, null


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1])
@pytest.mark.parametrize("dependent", [False, True])
def test_false_discovery_rate_on_mixtures(rate: float, *, dependent: bool) -> None:
    """Over 2,000 mixtures, independent or with one shared null, the false share holds."""
    generator = np.random.default_rng(31)
    shares = []
    for _ in range(2_000):
        log10_e, null = mixture(generator, 60, 0.9)
        if dependent:
            log10_e[null] = np.log10(0.5) - 0.5 * np.log10(generator.random())
        rejected = e_benjamini_hochberg(log10_e, rate).rejected
        shares.append(false_share(rejected, null))
    spread = 3.0 * np.sqrt(rate * (1 - rate) / len(shares))
    assert np.mean(shares) <= rate + spread


def test_deterministic_e_values_use_the_whole_rate() -> None:
    """The guarantee is tight: an e-value of n / rate with chance rate / n is rejected."""
    generator = np.random.default_rng(32)
    rate, count = 0.1, 10
    false = [
        e_benjamini_hochberg(
            np.where(generator.random(count) < rate / count, np.log10(count / rate), -np.inf),
            rate,
        ).rejected.any()
        for _ in range(5_000)
    ]
    assert np.mean(false) == pytest.approx(1 - (1 - rate / count) ** count, abs=0.015)


@pytest.mark.parametrize("level", [-5000.0, 5000.0])
def test_extreme_levels_do_not_overflow(level: float) -> None:
    """Five thousand orders of magnitude either way are decided, not overflowed."""
    logs = np.array([level, 0.0, -np.inf])
    found = e_benjamini_hochberg(logs, 0.01, np.array([1.0, 1.0, 0.0]))
    assert found.rejected.tolist() == [level > 0, False, False]
    two = e_benjamini_hochberg_two_nulls(logs, logs, 0.01, np.ones(3))
    assert two.rejected.tolist() == [level > 0, False, False]


def test_nothing_to_test_is_no_discovery() -> None:
    """An empty list gives empty answers."""
    found = e_benjamini_hochberg(np.zeros(0), 0.05)
    assert found.rejected.size == found.threshold_log10_e.size == 0
    two = e_benjamini_hochberg_two_nulls(np.zeros(0), np.zeros(0), 0.05, np.zeros(0))
    assert two.rejected.size == two.threshold_log10_e.size == 0


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1])
def test_rate_outside_its_range_is_an_error(rate: float) -> None:
    """A rate of zero or one promises nothing."""
    with pytest.raises(ValueError, match="false_discovery_rate"):
        e_benjamini_hochberg(np.zeros(2), rate)
    with pytest.raises(ValueError, match="false_discovery_rate"):
        e_benjamini_hochberg_two_nulls(np.zeros(2), np.zeros(2), rate, np.ones(2))


ROUNDING = 1e-9


def brute_force_two(first: Floats, second: Floats, rate: float) -> set[int]:
    """Try every number of discoveries of the procedure for two nulls, without weights."""
    linked = first >= LINKED_LOG10_E
    for discoveries in range(first.size, 0, -1):
        first_level = np.log10(first.size / (FIRST_SHARE * rate * discoveries))
        second_level = np.log10(linked.sum() / ((1 - FIRST_SHARE) * rate * discoveries + 1e-300))
        passing = np.flatnonzero(linked & (first >= first_level) & (second >= second_level))
        if passing.size >= discoveries:
            return set(passing.tolist())
    return set()


pairs_of_levels = st.lists(st.tuples(levels, levels), min_size=1, max_size=20).filter(
    lambda pairs: any(first >= LINKED_LOG10_E for first, _ in pairs)
)


@given(pairs_of_levels, rates)
def test_two_nulls_agree_with_their_definition(
    pairs: list[tuple[float, float]], rate: float
) -> None:
    """Both levels fall with the number of discoveries; the largest such set is rejected.

    Rounding decides where evidence meets a level exactly.
    """
    first, second = np.array(pairs).T
    found = e_benjamini_hochberg_two_nulls(first, second, rate, np.ones(first.size))
    rejected = set(np.flatnonzero(found.rejected).tolist())
    least = brute_force_two(first - ROUNDING * (first > LINKED_LOG10_E), second - ROUNDING, rate)
    assert least <= rejected <= brute_force_two(first + ROUNDING, second + ROUNDING, rate)


@given(st.lists(st.tuples(levels, levels, st.floats(0.1, 50.0)), min_size=1, max_size=20), rates)
def test_unlinked_hypotheses_are_never_rejected(
    triples: list[tuple[float, float, float]], rate: float
) -> None:
    """A first e-value below 100 is no discovery, however strong the second, and large weights."""
    first, second, weights = np.array(triples).T
    found = e_benjamini_hochberg_two_nulls(first, second, rate, weights)
    unlinked = first < 2.0
    assert not found.rejected[unlinked].any()
    assert np.isinf(found.threshold_log10_e[unlinked]).all()


@given(st.lists(st.tuples(levels, levels, st.floats(0.1, 50.0)), min_size=1, max_size=20), rates)
def test_whoever_is_rejected_reached_its_level(
    triples: list[tuple[float, float, float]], rate: float
) -> None:
    """The level that is reported is one that every discovery passed."""
    first, second, weights = np.array(triples).T
    found = e_benjamini_hochberg_two_nulls(first, second, rate, weights)
    reached = second >= found.threshold_log10_e - 1e-9
    assert reached[found.rejected].all()


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1])
def test_false_discovery_rate_of_two_nulls(rate: float) -> None:
    """Campaigns, honest pools and unrelated groups: either true null makes a false one."""
    generator = np.random.default_rng(33)
    shares = []
    for _ in range(2_000):
        apart = generator.random(60) < 0.3
        honest = generator.random(60) < 0.4
        first = np.where(apart, rare_extreme(generator, 60), 12.0)
        second = np.where(honest, rare_extreme(generator, 60), 9.0)
        weights = generator.uniform(5.0, 200.0, 60)
        rejected = e_benjamini_hochberg_two_nulls(first, second, rate, weights).rejected
        shares.append(false_share(rejected, apart | honest))
    assert np.mean(shares) <= rate + 3.0 * np.sqrt(rate * (1 - rate) / len(shares))
    assert np.mean(shares) > 0.0


@given(st.lists(levels, max_size=25), st.integers(0, 500), rates)
def test_those_without_evidence_need_not_be_kept(
    logs: list[float], others: int, rate: float
) -> None:
    """As many are rejected when only e-values from 1 / rate up are known."""
    everybody = np.append(np.array(logs), np.full(others, -np.inf))
    found = e_benjamini_hochberg(everybody, rate).rejected.sum() if everybody.size else 0
    kept = [level for level in logs if level >= -np.log10(rate)]
    assert discoveries_among(kept, max(everybody.size, 1), rate) == found
