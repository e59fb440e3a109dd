"""The law of inversions is the one that counting gives, and bounds are never below it."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import factorial, log10

import numpy as np
import pytest

from phalanx.evidence.tails import inversions_log10_cdf
from phalanx.evidence.tails.inversions import _bound


def _counts(items: int) -> list[int]:
    """Return how many orders have each number of inversions, in whole numbers."""
    counts = [1]
    for size in range(2, items + 1):
        new = [0] * (len(counts) + size - 1)
        for at, count in enumerate(counts):
            for more in range(size):
                new[at + more] += count
        counts = new
    return counts


def test_law_is_what_counting_every_order_gives() -> None:
    """Of all 5,040 orders of seven items, the share with at most so many inversions."""
    found = [
        sum(order[i] > order[j] for i in range(7) for j in range(i + 1, 7))
        for order in permutations(range(7))
    ]
    for inversions in range(22):
        share = np.mean(np.array(found) <= inversions)
        assert 10 ** inversions_log10_cdf(inversions, 7) == pytest.approx(share, rel=1e-12)


@pytest.mark.parametrize("items", [1, 2, 12, 40, 80])
def test_law_is_exact_in_every_tail(items: int) -> None:
    """Against whole numbers, down to one order in all; above the middle, up to one."""
    counts = _counts(items)
    for inversions in {0, 1, 2, len(counts) // 4, len(counts) // 2, len(counts) - 2}:
        if 0 <= inversions < len(counts):
            share = Fraction(sum(counts[: inversions + 1]), factorial(items))
            exact = log10(share.numerator) - log10(share.denominator)
            assert inversions_log10_cdf(inversions, items) == pytest.approx(exact, abs=1e-10)


def test_bound_is_above_the_law_and_not_far() -> None:
    """The bound costs less than two orders of magnitude where both are known."""
    for inversions in (40_000, 60_000, 80_000, 88_000):
        exact = inversions_log10_cdf(inversions, 600)
        assert exact <= _bound(inversions, 600) <= exact + 2.0


def test_far_and_long_orders_are_bounded() -> None:
    """Where the law vanishes or is too long, the result is a number above that of all orders."""
    least = -sum(log10(size) for size in range(1, 1001))
    assert inversions_log10_cdf(0, 1000) == pytest.approx(least, abs=1.0)
    assert least <= inversions_log10_cdf(1000, 1000) < -1000
    middle = 20_000 * 19_999 // 4
    assert -0.2 < inversions_log10_cdf(middle - 1, 20_000) <= 0.0
    for above in (middle, middle + 3_000_000, middle * 2):
        assert inversions_log10_cdf(above, 20_000) == 0.0
    assert inversions_log10_cdf(middle - 4_000_000, 20_000) < -6


def test_impossible_numbers_are_refused() -> None:
    """There are no inversions of nothing, and not more than pairs."""
    for inversions, items in ((0, 0), (4, 3), (-1, 3)):
        with pytest.raises(ValueError, match="were expected"):
            inversions_log10_cdf(inversions, items)
