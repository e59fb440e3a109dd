"""Hints say where to look first: the rate holds whatever they say, and little is lost to them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.evidence import (
    Favour,
    e_benjamini_hochberg_two_nulls,
    favoured_first,
    favoured_second,
)

Floats = npt.NDArray[np.float64]
RATE = 0.1


def favour_of(
    hint: npt.NDArray[np.int64], probability: Floats, without: Floats, fit: Floats | None = None
) -> Favour:
    """Return hints that say the same of both nulls."""
    fitting = np.ones(hint.size) if fit is None else fit
    return Favour(hint, probability, probability, fitting, without)


@st.composite
def hinted(draw: st.DrawFn) -> tuple[Floats, Favour]:
    """Draw sizes of hypotheses, some of them of hints alone, and hints about them."""
    size = draw(st.integers(1, 12))
    shares = st.floats(0.0, 1.0)
    weights = draw(st.lists(st.integers(0, 50), min_size=size, max_size=size))
    hint = draw(st.lists(st.integers(-1, 4), min_size=size, max_size=size))
    first, fit = (draw(st.lists(shares, min_size=size, max_size=size)) for _ in range(2))
    favour = favour_of(np.array(hint), np.array(first), np.zeros(size), np.array(fit))
    return np.array(weights, dtype=np.float64), favour


@given(hinted())
def test_weights_spend_no_more_than_all(drawn: tuple[Floats, Favour]) -> None:
    """Whatever hints say, weights are at least 0 and sum to one at most."""
    weights, favour = drawn
    linked = np.arange(weights.size) % 2 == 0
    _, first = favoured_first(np.zeros(weights.size), weights, favour)
    second = favoured_second(weights, favour, linked)
    for given_weights in (first, second):
        assert np.isfinite(given_weights).all()
        assert (given_weights >= 0.0).all()
        assert given_weights.sum() <= 1.0 + 1e-9
    assert not second[~linked].any()


@given(hinted())
def test_nobody_loses_more_than_half(drawn: tuple[Floats, Favour]) -> None:
    """No hint takes more than half of the weight that a hypothesis has without it."""
    weights, favour = drawn
    if not weights[0]:
        weights = weights + 1.0
    linked = np.ones(weights.size, dtype=np.bool_)
    plain = weights / weights.sum()
    _, first = favoured_first(np.zeros(weights.size), weights, favour)
    second = favoured_second(weights, favour, linked)
    assert (first >= plain / 2.0 - 1e-12).all()
    assert (second >= plain / 2.0 - 1e-12).all()


def listed(first: Floats, second: Floats, rate: float, sizes: Floats, favour: Favour) -> list[bool]:
    """Return who is rejected when hints count."""
    mixed, shares = favoured_first(first, sizes, favour)
    found = e_benjamini_hochberg_two_nulls(
        mixed, second, rate, shares, second_weights=partial(favoured_second, sizes, favour)
    )
    return [bool(each) for each in found.rejected]


@given(hinted(), st.data())
def test_list_holds_what_half_the_rate_lists_without_hints(
    drawn: tuple[Floats, Favour], data: st.DataObject
) -> None:
    """Whatever hints say, who is rejected at half the rate without them is rejected."""
    weights, favour = drawn
    weights = weights + 1.0
    levels = st.lists(st.floats(0.0, 8.0), min_size=weights.size, max_size=weights.size)
    first, second = np.array(data.draw(levels)) + 1.0, np.array(data.draw(levels))
    favour = replace(favour, first_log10_es=first)
    with_hints = listed(first, second, RATE, weights, favour)
    plain = e_benjamini_hochberg_two_nulls(first, second, RATE / 2.001, weights).rejected
    assert np.all(np.array(with_hints) | ~plain)


@pytest.mark.parametrize(("evidence", "expected"), [(1.01, 0), (1.9, 0), (2.3, 10)])
def test_a_listed_bystander_empties_a_list_that_just_passes(evidence: float, expected: int) -> None:
    """Ten groups that had less than twice what they needed fall together, however strong one is."""
    first, second = np.full(40, -1.0), np.full(40, -1.0)
    first[:11] = 9.0
    needed = np.log10(11 / (0.9 * RATE)) - np.log10(10)
    second[:10] = needed + np.log10(evidence)
    second[0] = needed + np.log10(15.0)
    bystander = np.arange(40) == 10
    favour = favour_of(np.where(bystander, 0, -1), bystander * 1.0, first)
    without = e_benjamini_hochberg_two_nulls(first, second, RATE, np.ones(40))
    assert without.rejected.sum() == 10
    assert sum(listed(first, second, RATE, np.ones(40), favour)) == expected


def test_hints_without_content_cost_nothing_against_honest_use() -> None:
    """What hints do not ask for is given back to the second null."""
    nothing = favour_of(np.full(3, -1), np.zeros(3), np.zeros(3))
    second = favoured_second(np.array([1.0, 2.0, 1.0]), nothing, np.ones(3, dtype=np.bool_))
    assert second.tolist() == [0.25, 0.5, 0.25]


def test_hypotheses_of_one_hint_divide_what_it_gets() -> None:
    """Ten groups of one campaign take no more from the others than one does."""
    once = favour_of(np.array([0, 1]), np.array([0.9, 0.9]), np.zeros(2))
    ten = favour_of(np.array([0] * 10 + [1]), np.full(11, 0.9), np.zeros(11))
    everybody = np.ones(11, dtype=np.bool_)
    assert once.share(once.first, everybody[:2])[1] == ten.share(ten.first, everybody)[10]


def false_share(favours: list[Favour | None], draws: int, *, true_first: bool) -> float:
    """Return the realised false discovery rate when every hypothesis is a true null.

    Parameters:
        favours: Hints, drawn without the e-values.
        draws: Of the e-values, for each of them.
        true_first: Whether the first null holds; if not, it is rejected beyond doubt.
    """
    generator = np.random.default_rng(3)
    false = []
    for favour in favours:
        for _ in range(draws):
            # 1 / (2 sqrt(p)) has mean one and a heavy tail: many come near what is allowed.
            first, second = -np.log10(2.0) - 0.5 * np.log10(generator.random((2, 40)))
            weights = generator.integers(5, 60, 40).astype(np.float64)
            if not true_first:
                first = np.full(40, 12.0)
            if favour is None:
                found = e_benjamini_hochberg_two_nulls(first, second, RATE, weights)
            else:
                known = Favour(favour.hint, favour.first, favour.second, favour.fit, first)
                mixed, shares = favoured_first(first, weights, known)
                found = e_benjamini_hochberg_two_nulls(
                    mixed,
                    second,
                    RATE,
                    shares,
                    second_weights=partial(favoured_second, weights, known),
                )
            false.append(found.rejected.any())
    return float(np.mean(false))


@pytest.mark.parametrize("true_first", [True, False])
def test_rate_holds_under_hostile_hints(*, true_first: bool) -> None:
    """Hints at nobody, one, a few, all, or a campaign for each keep the rate."""
    generator = np.random.default_rng(8)
    chosen = generator.permutation(40)
    hints = []
    for several, campaigns in ((1, 1), (3, 1), (3, 3), (40, 1), (40, 40)):
        hint = np.full(40, -1)
        hint[chosen[:several]] = np.arange(several) % campaigns
        hints.append(favour_of(hint, np.where(hint >= 0, 0.99, 0.0), np.zeros(40)))
    rate = false_share(list(hints), 800, true_first=true_first)
    assert rate <= RATE + 3.0 * np.sqrt(RATE * (1 - RATE) / (800 * len(hints)))
