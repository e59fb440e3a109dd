"""The pool test: uniform ranks, and a power that its assumption earns."""

from __future__ import annotations

import tracemalloc
from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from phalanx.evidence import pool_log10_e, pool_log10_e_over_orders, sequential_p_values

REFERENCE = 60
MEMBERS = 16
DRAWS = 10_000


def uniform_draws(blocks: int) -> npt.NDArray[np.float64]:
    """Draw p-values of pools whose members fall into `blocks` blocks of identical ones."""
    generator = np.random.default_rng(77 + blocks)
    return np.repeat(generator.random((DRAWS, blocks)), MEMBERS // blocks, axis=1)


def valid(e: npt.NDArray[np.float64]) -> bool:
    """Say whether the mean and the tails hold within three standard errors."""
    mean = e.mean() <= 1.0 + 3.0 * e.std() / np.sqrt(e.size)
    tails = [
        np.mean(e >= 1.0 / alpha) <= alpha + 3.0 * np.sqrt(alpha * (1 - alpha) / e.size)
        for alpha in (0.1, 0.01, 0.001)
    ]
    return bool(mean and all(tails))


def test_ranks_of_exchangeable_scores_are_uniform_and_independent() -> None:
    """Each p-value is uniform on its grid, and successive ones are unrelated."""
    generator = np.random.default_rng(5)
    draws = np.array(
        [
            sequential_p_values(generator.normal(size=4), generator.normal(size=9))
            for _ in range(DRAWS)
        ]
    )
    for position in range(4):
        grid = 10 + position
        counts = np.bincount(np.rint(draws[:, position] * grid).astype(int), minlength=grid + 1)
        assert counts[0] == 0
        assert stats.chisquare(counts[1:]).pvalue > 1e-4
    pairs = np.corrcoef(draws.T)[np.triu_indices(4, k=1)]
    assert np.abs(pairs).max() < 4.0 / np.sqrt(DRAWS)


def test_ranks_by_hand() -> None:
    """Two members among three others: counted on paper."""
    p = sequential_p_values(np.array([2.5, 3.5]), np.array([1.0, 2.0, 3.0]))
    assert p.tolist() == [2 / 4, 1 / 5]


def test_ties_count_against_the_group() -> None:
    """A score that everyone has is never surprising."""
    assert sequential_p_values(np.ones(3), np.ones(7)).tolist() == [1.0, 1.0, 1.0]


@given(
    st.lists(st.integers(0, 9), max_size=12),
    st.lists(st.integers(0, 9), max_size=12),
)
def test_ranks_follow_their_definition(members: list[int], reference: list[int]) -> None:
    """Each p-value is the share of those seen so far, itself included, that score as high."""
    p = sequential_p_values(np.array(members, dtype=float), np.array(reference, dtype=float))
    for position, score in enumerate(members):
        seen = reference + members[: position + 1]
        assert p[position] == pytest.approx(sum(x >= score for x in seen) / len(seen))


@given(st.lists(st.sampled_from([0.0, 1.0, 2.5, 7.0, 9.0]) | st.floats(-9, 9), max_size=70))
def test_ranks_are_those_of_comparing_all_pairs(members: list[float]) -> None:
    """Members of any number, with ties, rank as a table of all pairs says."""
    scores, reference = np.array(members, dtype=float), np.linspace(-5.0, 8.0, 11)
    above = (reference[:, None] >= scores).sum(axis=0)
    earlier = np.triu(scores[:, None] >= scores, k=1).sum(axis=0)
    expected = (above + earlier + 1.0) / (reference.size + np.arange(scores.size) + 1.0)
    assert sequential_p_values(scores, reference).tolist() == expected.tolist()


def test_ranks_of_a_large_pool_take_little_memory() -> None:
    """A hundred thousand members are ranked in less than two hundred bytes each."""
    scores = np.random.default_rng(8).normal(size=100_000)
    tracemalloc.start()
    p = sequential_p_values(scores, scores[:50])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert p.size == scores.size
    assert peak < 200 * scores.size


ORDERS = np.array([np.random.default_rng(n).permutation(MEMBERS) for n in range(5)])


def test_mean_over_orders_is_valid() -> None:
    """Scores of exchangeable members give a mean of one at most, however they are ordered."""
    generator = np.random.default_rng(12)
    e = np.array(
        [
            10.0
            ** pool_log10_e_over_orders(
                generator.normal(size=MEMBERS), generator.normal(size=REFERENCE), 4.0, ORDERS
            )
            for _ in range(DRAWS // 2)
        ]
    )
    assert valid(e)


@pytest.mark.parametrize("blocks", [1, 4])
def test_mean_over_orders_is_valid_for_blocks(blocks: int) -> None:
    """With as many independent blocks of alike members as the power claims, it still holds."""
    generator = np.random.default_rng(13 + blocks)
    e = np.array(
        [
            10.0
            ** pool_log10_e_over_orders(
                np.repeat(generator.normal(size=blocks), MEMBERS // blocks),
                generator.normal(size=REFERENCE),
                float(blocks),
                ORDERS,
            )
            for _ in range(DRAWS // 2)
        ]
    )
    assert valid(e)


@given(st.permutations(range(4)))
def test_over_all_orders_the_arrangement_does_not_matter(arrangement: list[int]) -> None:
    """With every order in the mean, members may come in any arrangement."""
    scores, reference = np.array([1.0, 5.0, 3.0, 3.5]), np.arange(6.0)
    every = np.array(list(permutations(range(4))))
    expected = pool_log10_e_over_orders(scores, reference, 2.0, every)
    assert pool_log10_e_over_orders(scores[arrangement], reference, 2.0, every) == pytest.approx(
        expected
    )


def test_one_order_is_the_plain_bet() -> None:
    """The mean over one order is the bet in that order."""
    scores, reference = np.array([4.0, 1.0, 6.0]), np.arange(5.0)
    plain = pool_log10_e(sequential_p_values(scores[[2, 0, 1]], reference), 2.0)
    found = pool_log10_e_over_orders(scores, reference, 2.0, np.array([[2, 0, 1]]))
    assert found == pytest.approx(plain)
    assert pool_log10_e_over_orders(np.zeros(0), reference, 1.0, np.zeros((1, 0), int)) == 0.0


@pytest.mark.parametrize("orders", [np.zeros((0, 3), int), np.array([[0, 1, 1]]), np.arange(3)])
def test_orders_must_be_permutations(orders: npt.NDArray[np.int64]) -> None:
    """No order, a member twice, or a single row that is no table is a mistake."""
    with pytest.raises(ValueError, match="permutation"):
        pool_log10_e_over_orders(np.zeros(3), np.zeros(2), 1.0, orders)


def test_power_one_in_n_is_valid_when_all_members_are_alike() -> None:
    """Power 1 / n holds when the whole pool is one habit repeated."""
    e = np.array([10.0 ** pool_log10_e(p, 1.0) for p in uniform_draws(1)])
    assert valid(e)


def test_full_power_is_valid_for_independent_members() -> None:
    """Power 1 holds when members have nothing to do with each other."""
    e = np.array([10.0 ** pool_log10_e(p, float(MEMBERS)) for p in uniform_draws(MEMBERS)])
    assert valid(e)


def test_root_n_is_valid_for_root_n_blocks() -> None:
    """The power 1 / sqrt(n) holds for sqrt(n) independent blocks of members that are alike."""
    blocks = round(np.sqrt(MEMBERS))
    e = np.array([10.0 ** pool_log10_e(p, float(blocks)) for p in uniform_draws(blocks)])
    assert valid(e)


def test_full_power_is_not_valid_for_members_that_are_alike() -> None:
    """The assumption matters: with power 1 one honest habit would be multiplied up."""
    e = np.array([10.0 ** pool_log10_e(p, float(MEMBERS)) for p in uniform_draws(1)])
    assert not valid(e)


def test_mean_with_ranks_among_a_real_reference() -> None:
    """From scores to e: exchangeable members of a cohort have a mean of one at most."""
    generator = np.random.default_rng(11)
    e = np.array(
        [
            10.0
            ** pool_log10_e(
                sequential_p_values(
                    generator.normal(size=MEMBERS), generator.normal(size=REFERENCE)
                ),
                4.0,
            )
            for _ in range(DRAWS)
        ]
    )
    assert valid(e)


@given(st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=30), st.integers(0, 29))
def test_smaller_p_is_never_less_evidence(listed: list[float], which: int) -> None:
    """Halving one member's p-value does not lower e."""
    p = np.array(listed)
    smaller = p.copy()
    smaller[which % p.size] /= 2.0
    power = float(np.sqrt(p.size))
    assert pool_log10_e(smaller, power) >= pool_log10_e(p, power) - 1e-12


def test_empty_pool_says_nothing() -> None:
    """Nobody was active: e is one."""
    assert pool_log10_e(np.zeros(0), 1.0) == 0.0


@pytest.mark.parametrize("power", [0.5, 3.5])
def test_power_outside_its_range_is_an_error(power: float) -> None:
    """A pool of three is at least one and at most three independent users."""
    with pytest.raises(ValueError, match="independent_members"):
        pool_log10_e(np.full(3, 0.5), power)


def test_thousands_of_orders_of_magnitude_stay_finite() -> None:
    """Ten thousand members at one in a billion do not overflow."""
    level = pool_log10_e(np.full(10_000, 1e-9), 10_000.0)
    assert np.isfinite(level)
    assert level > 70_000
