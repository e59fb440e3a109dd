"""The urn: its mean is one under the null, exactly, and it grows with what is shared."""

from __future__ import annotations

from itertools import combinations, product
from math import comb, gamma, log10

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.evidence import CONCENTRATIONS, Urn

Values = npt.NDArray[np.int64]

STAKE_KEPT = 0.5
LOWEST_LOG10_E = log10(STAKE_KEPT)


def e_value(values: Values, strata: Values, members: tuple[int, ...]) -> float:
    """Return e itself; the populations here are small enough."""
    test = Urn(values, strata).test(np.array(members, dtype=np.int64))
    return float(10.0**test.log10_e)


def one_stratum(values: Values) -> Values:
    """Put everyone into one stratum."""
    return np.zeros(values.size, dtype=np.int64)


POPULATIONS = [
    [0, 0, 1, 2, 3, 4, 5, 6],
    [0, 0, 0, 0, 1, 1, 2, 3],
    [0, 0, 0, 0, 0, 0, 0, 0],
    [0, 1, 2, 3, 4, 5, 6, 7],
]


@pytest.mark.parametrize("population", POPULATIONS)
@pytest.mark.parametrize("size", [2, 3, 5, 8])
def test_mean_over_every_subset_is_at_most_one(population: list[int], size: int) -> None:
    """Over all groups that chance could draw, the mean of e does not exceed one."""
    values = np.array(population)
    drawn = [
        e_value(values, one_stratum(values), members)
        for members in combinations(range(values.size), size)
    ]
    assert len(drawn) == comb(values.size, size)
    assert np.mean(drawn) <= 1.0 + 1e-9


@pytest.mark.parametrize("sizes", [(2, 2), (1, 3), (3, 0), (4, 1)])
def test_mean_over_every_stratified_subset_is_at_most_one(sizes: tuple[int, int]) -> None:
    """Countries may differ as they like: draws within each keep the mean at one or less."""
    values = np.array([0, 0, 0, 1, 2, 2, 2, 2, 1, 3])
    strata = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    drawn = [
        e_value(values, strata, first + second)
        for first, second in product(
            combinations(range(5), sizes[0]), combinations(range(5, 10), sizes[1])
        )
    ]
    assert np.mean(drawn) <= 1.0 + 1e-9


def test_strata_discount_what_a_country_has_in_common() -> None:
    """A value that all of one country carry is no evidence within that country."""
    values = np.concatenate([np.zeros(20, dtype=np.int64), np.arange(1, 181)])
    strata = (np.arange(200) >= 20).astype(np.int64)
    members = tuple(range(10))
    assert e_value(values, one_stratum(values), members) > 1e6
    assert e_value(values, strata, members) <= 1.0


def test_two_of_four_by_hand() -> None:
    """Two members share the value of two of four parties: counted on paper."""
    values = np.array([0, 0, 1, 2])
    null = (2 / 4) * (1 / 3)
    polya = [
        gamma(a) / gamma(a + 2) * gamma(a * 0.5 + 2) / gamma(a * 0.5)
        for a in CONCENTRATIONS
        if a < 100
    ] + [(0.5 * (a * 0.5 + 1) / (a + 1)) for a in CONCENTRATIONS if a >= 100]
    expected = STAKE_KEPT + (1 - STAKE_KEPT) * np.mean(polya) / null
    assert e_value(values, one_stratum(values), (0, 1)) == pytest.approx(expected, rel=1e-9)


@given(
    st.lists(st.integers(-1, 5), min_size=4, max_size=30),
    st.permutations(range(30)),
    st.integers(2, 10),
)
def test_order_and_names_do_not_matter(listed: list[int], order: list[int], members: int) -> None:
    """Shuffled parties, shuffled members and renamed values give the same e-value."""
    values = np.array(listed)
    strata = np.arange(values.size) % 2
    group = np.arange(min(members, values.size))
    before = Urn(values, strata).test(group)
    place = np.array([position for position in order if position < values.size])
    inverse = np.argsort(place)
    renamed = np.where(values >= 0, 1000 - 7 * values, values)
    after = Urn(renamed[place], strata[place]).test(inverse[group][::-1])
    assert after.log10_e == pytest.approx(before.log10_e, abs=1e-9)
    assert (after.members, after.largest_share, after.distinct_values) == (
        before.members,
        before.largest_share,
        before.distinct_values,
    )


def test_more_sharing_is_more_evidence() -> None:
    """Among ten members, each further one that carries the shared card raises e."""
    values = np.arange(500)
    values[:10] = 0
    urn = Urn(values, one_stratum(values))
    levels = [
        urn.test(np.concatenate([np.arange(k), np.arange(100, 110 - k)])).log10_e
        for k in range(1, 11)
    ]
    assert np.all(np.diff(levels) > 0)
    assert levels[0] < 0
    assert levels[-1] > 10


@given(st.lists(st.integers(-1, 8), min_size=2, max_size=40), st.integers(0, 40))
def test_half_of_the_stake_is_kept(listed: list[int], members: int) -> None:
    """However little a group shares, it loses at most a factor of two."""
    values = np.array(listed)
    group = np.arange(min(members, values.size))
    assert Urn(values, one_stratum(values)).test(group).log10_e >= LOWEST_LOG10_E - 1e-12


def test_missing_values_neither_count_nor_testify() -> None:
    """Parties without a value are not in the urn, as members or as others."""
    values = np.array([0, 0, 0, 1, 2, 3, 4, 5])
    padded = np.concatenate([values, np.full(50, -1)])
    sure = Urn(values, one_stratum(values)).test(np.array([0, 1, 2]))
    same = Urn(padded, one_stratum(padded)).test(np.array([0, 1, 2, 20, 30]))
    assert same == sure
    assert same.population == 8
    assert same.members == 3


@pytest.mark.parametrize("members", [[], [0], [3, 4], [0, 3]])
def test_fewer_than_two_values_say_nothing(members: list[int]) -> None:
    """With no pair to compare, e is one."""
    values = np.array([0, 0, 1, -1, -1])
    test = Urn(values, one_stratum(values)).test(np.array(members, dtype=np.int64))
    assert test.log10_e == 0.0


def test_urn_without_values_says_nothing() -> None:
    """A log without the column leaves an empty urn, which accuses nobody."""
    values = np.full(9, -1)
    test = Urn(values, one_stratum(values)).test(np.arange(5))
    assert (test.log10_e, test.population) == (0.0, 0)


def test_shapes_must_agree() -> None:
    """A stratum for each party, or nothing can be counted."""
    with pytest.raises(ValueError, match="must have one shape"):
        Urn(np.zeros(3, dtype=np.int64), np.zeros(4, dtype=np.int64))


def test_large_groups_stay_finite() -> None:
    """Twenty thousand parties with one card are thousands of orders of magnitude."""
    values = np.arange(200_000)
    values[:20_000] = 0
    level = Urn(values, one_stratum(values)).test(np.arange(20_000)).log10_e
    assert np.isfinite(level)
    assert level > 5_000


@pytest.mark.parametrize("size", [4, 30])
def test_calibrated_on_ten_thousand_draws(size: int) -> None:
    """Random groups from a skewed population in two countries: mean e and tails hold."""
    generator = np.random.default_rng(20261)
    strata = (np.arange(400) < 150).astype(np.int64)
    values = np.minimum(generator.geometric(0.02, 400), 90) + 100 * strata
    values[generator.random(400) < 0.1] = -1
    urn = Urn(values, strata)
    draws = 10_000
    e = np.array(
        [10.0 ** urn.test(generator.choice(400, size, replace=False)).log10_e for _ in range(draws)]
    )
    assert e.mean() <= 1.0 + 3.0 * e.std() / np.sqrt(draws)
    for alpha in (0.1, 0.01, 0.001):
        spread = 3.0 * np.sqrt(alpha * (1 - alpha) / draws)
        assert np.mean(e >= 1.0 / alpha) <= alpha + spread


@given(
    st.lists(st.tuples(st.integers(-1, 4), st.integers(0, 2)), min_size=6, max_size=20),
    st.data(),
)
def test_many_groups_at_once_are_tested_as_each_alone(
    cells: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Testing together is a matter of speed only; groups may overlap or be empty."""
    values, strata = (np.array(column) for column in zip(*cells, strict=True))
    members = st.lists(st.integers(0, values.size - 1), unique=True).map(
        lambda drawn: np.array(drawn, dtype=np.int64)
    )
    groups = data.draw(st.lists(members, max_size=4))
    urn = Urn(values, strata)
    for together, group in zip(urn.test_groups(groups), groups, strict=True):
        alone = urn.test(group)
        assert together.log10_e == pytest.approx(alone.log10_e, abs=1e-9)
        assert together.members == alone.members == int((values[group] >= 0).sum())
        assert together.largest_share == alone.largest_share
        assert together.distinct_values == alone.distinct_values


@given(
    carried=st.lists(st.tuples(st.integers(-1, 4), st.integers(0, 2)), min_size=2, max_size=30),
    size=st.integers(1, 30),
    absent=st.sets(st.integers(0, 29)),
)
def test_leaving_out_each_member_is_the_same_as_testing_the_others(
    carried: list[tuple[int, int]], size: int, absent: set[int]
) -> None:
    """The group without one member has the e-value that it has when it is tested by itself."""
    values, strata = (np.array(column, dtype=np.int64) for column in zip(*carried, strict=True))
    members = np.arange(min(size, values.size))
    urn = Urn(values, strata).among(~np.isin(np.arange(values.size), list(absent)))
    others = [urn.test(np.delete(members, place)).log10_e for place in members]
    assert urn.log10_e_without_each(members) == pytest.approx(others, abs=1e-9)
