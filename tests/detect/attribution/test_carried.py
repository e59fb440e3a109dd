"""Values that a group shares beyond chance."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.detect.attribution.carried import EMAIL, PAYMENT, TEMPLATE, Carried, linked, standing


def test_a_common_value_is_not_linked() -> None:
    """A mail service that half of everybody uses ties nobody together."""
    values = np.arange(1, 2001)
    values[::2] = 5
    assert linked(standing(EMAIL, values), np.arange(0, 40)).value.size == 0


def test_a_value_with_other_customers_is_linked_and_they_are_counted() -> None:
    """A card of a provider network stays linked when it pays for strangers too."""
    values = np.arange(1, 5001)
    values[:30] = 9_999
    found = linked(standing(PAYMENT, values), np.arange(20))
    assert found.value.tolist() == [9_999]
    assert (found.members[0], found.outsiders[0]) == (20, 10)
    assert found.log10_p[0] < -20


def test_what_nobody_carries_is_not_linked() -> None:
    """A family that the log does not show links nothing."""
    empty = standing(PAYMENT, np.zeros(50, dtype=np.int64))
    assert linked(empty, np.arange(10)).value.size == 0


def test_a_party_may_carry_several_texts() -> None:
    """Texts are pairs of party and value; each counts for itself."""
    party = np.repeat(np.arange(8), 2)
    value = np.tile([70, 71], 8)
    carriers = np.zeros(3_000, dtype=np.bool_)
    carriers[:2_000] = True
    found = linked(Carried(TEMPLATE, party, value, carriers), np.arange(8))
    assert sorted(found.value.tolist()) == [70, 71]


def test_chance_rarely_links() -> None:
    """Of groups drawn at random, at most about one in a thousand shows a linked value."""
    draw = np.random.default_rng(4)
    carried = standing(EMAIL, draw.zipf(1.6, 3_000).astype(np.int64) % 997 + 1)
    groups = [draw.choice(3_000, size, replace=False) for size in (8, 30, 120) for _ in range(400)]
    assert sum(linked(carried, group).value.size > 0 for group in groups) <= 5


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.integers(5, 40))
def test_names_and_order_of_parties_decide_nothing(seed: int, size: int) -> None:
    """Renaming parties leaves what is linked, and how surely, as it was."""
    draw = np.random.default_rng(seed)
    values = draw.integers(1, 60, 400)
    values[:size] = 1_000
    order = draw.permutation(400)
    place = np.argsort(order)
    before = linked(standing(EMAIL, values), np.arange(size))
    after = linked(standing(EMAIL, values[order]), place[:size])
    assert before.value.tolist() == after.value.tolist()
    assert np.allclose(before.log10_p, after.log10_p)
