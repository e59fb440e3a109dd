"""Marks on one kind of item rather than the other: exact, and seen where they are planted."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.evidence import ODDS, Items, weigh_odds

DRAWS = 20_000
Bools = npt.NDArray[np.bool_]


def items(first: Bools, marked: Bools, stratum: npt.NDArray[np.int64], groups: int) -> Items:
    """Return items of equally large groups, one after the other."""
    group = np.repeat(np.arange(groups), first.size // groups)
    return Items(group=group, stratum=stratum, is_first=first, marked=marked)


def log10_e(first: list[int], marked: list[int], stratum: list[int]) -> float:
    """Weigh one group."""
    given_items = items(
        np.array(first, dtype=bool),
        np.array(marked, dtype=bool),
        np.array(stratum, dtype=np.int64),
        1,
    )
    return weigh_odds(given_items, 1)[0].log10_e


@pytest.mark.parametrize(("size", "first", "marked"), [(2, 1, 1), (7, 3, 2), (9, 4, 6)])
def test_the_mean_over_all_arrangements_is_one(size: int, first: int, marked: int) -> None:
    """In one stratum, over every way in which the marks may fall, the e-value averages to one."""
    kinds = [int(at < first) for at in range(size)]
    e = [
        10.0 ** log10_e(kinds, [int(at in chosen) for at in range(size)], [0] * size)
        for chosen in combinations(range(size), marked)
    ]
    assert len(e) == comb(size, marked)
    assert np.mean(e) == pytest.approx(1.0)


@given(st.integers(0, 5), st.integers(0, 5), st.data())
def test_it_is_fishers_noncentral_law(first: int, second: int, data: st.DataObject) -> None:
    """The closed form agrees with adding up the law, odds ratio by odds ratio."""
    size = first + second
    marks = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    kinds = [1] * first + [0] * second
    marked, both = sum(marks), sum(marks[:first])
    ratios = [
        ratio**both
        * comb(size, marked)
        / sum(ratio**j * comb(first, j) * comb(second, marked - j) for j in range(marked + 1))
        for ratio in ODDS
    ]
    expected = np.log10(0.5 + 0.5 * np.mean(ratios))
    assert log10_e(kinds, [int(mark) for mark in marks], [3] * size) == pytest.approx(expected)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), min_size=1, max_size=30))
def test_strata_of_one_kind_say_nothing(rows: list[tuple[bool, int]]) -> None:
    """Who only ever sends first is no evidence, however often it is marked."""
    ones = [1] * len(rows)
    marked, stratum = [int(mark) for mark, _ in rows], [number for _, number in rows]
    assert log10_e(ones, marked, stratum) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("spread", [0.0, 2.0], ids=["alike", "unlike"])
def test_it_is_calibrated_whatever_the_rates(spread: float) -> None:
    """Over 20,000 groups mean and tails hold, however unlike rates and shares of strata are."""
    generator = np.random.default_rng(3)
    strata, each = 6, 5
    shape = (DRAWS, strata, each)
    rates = 1.0 / (1.0 + np.exp(1.0 + spread * generator.standard_normal(shape[:2])))
    shares = 1.0 / (1.0 + np.exp(spread * generator.standard_normal(shape[:2])))
    marked = generator.random(shape) < rates[..., None]
    first = generator.random(shape) < shares[..., None]
    stratum = np.tile(np.repeat(np.arange(strata), each), DRAWS)
    tests = weigh_odds(items(first.ravel(), marked.ravel(), stratum, DRAWS), DRAWS)
    e = 10.0 ** np.array([test.log10_e for test in tests])
    assert e.mean() <= 1.0 + 3.0 * e.std() / np.sqrt(e.size)
    for alpha in (0.1, 0.01):
        assert np.mean(e >= 1.0 / alpha) <= alpha + 3.0 * np.sqrt(alpha / e.size)


def test_many_groups_are_weighed_each_by_itself() -> None:
    """A group does not depend on the others, and one without items has e = 1."""
    generator = np.random.default_rng(5)
    first, marked = generator.random((2, 60)) < 0.5
    stratum = generator.integers(0, 4, 60)
    together = weigh_odds(items(first, marked, stratum, 3), 4)
    for group in range(3):
        rows = slice(20 * group, 20 * group + 20)
        alone = weigh_odds(items(first[rows], marked[rows], stratum[rows], 1), 1)[0]
        assert alone.log10_e == pytest.approx(together[group].log10_e)
        assert alone.first_marked == together[group].first_marked
    assert together[3].log10_e == pytest.approx(0.0)
    nothing = np.zeros(0, dtype=np.int64)
    empty = Items(nothing, nothing, nothing.astype(bool), nothing.astype(bool))
    assert [test.log10_e for test in weigh_odds(empty, 2)] == pytest.approx([0.0, 0.0])
