"""Common pairs of matchings: against counting all of them, and arbitrary precision."""

from __future__ import annotations

import math
from itertools import combinations, permutations

import mpmath
import numpy as np
import pytest

from phalanx.evidence.tails import matchings_log10_sf


def matchings(size: int, rows: int, columns: int) -> list[frozenset[tuple[int, int]]]:
    """Return every matching of so many pairs."""
    return [
        frozenset(zip(left, right, strict=True))
        for left in combinations(range(rows), size)
        for right in permutations(range(columns), size)
    ]


@pytest.mark.parametrize(
    ("first", "second", "rows", "columns"),
    [(4, 4, 4, 4), (3, 3, 3, 5), (2, 3, 4, 5), (1, 2, 5, 3), (3, 0, 4, 4)],
)
def test_it_is_what_counting_gives(first: int, second: int, rows: int, columns: int) -> None:
    """Over all matchings, for every number of common pairs."""
    fixed = frozenset((at, at) for at in range(first))
    counts = [len(fixed & each) for each in matchings(second, rows, columns)]
    for common in range(min(first, second) + 2):
        share = float(np.mean([count >= common for count in counts]))
        expected = math.log10(share) if share else -math.inf
        found = matchings_log10_sf(common, first, second, rows, columns)
        assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("common", [1, 2, 40, 299, 300])
def test_it_keeps_its_digits(common: int) -> None:
    """Against sums in 800 digits."""
    first, second, rows, columns = 300, 320, 512, 2000
    with mpmath.workdps(800):
        total = mpmath.mpf(0)
        for place in range(common, first + 1):
            size = mpmath.binomial(first, place) * mpmath.binomial(second, place)
            size *= mpmath.factorial(place) / mpmath.ff(rows, place) / mpmath.ff(columns, place)
            total += (-1) ** (place - common) * mpmath.binomial(place - 1, common - 1) * size
        expected = float(mpmath.log10(total))
    found = matchings_log10_sf(common, first, second, rows, columns)
    assert found == pytest.approx(expected, rel=1e-11)


def test_more_pairs_than_sides() -> None:
    """Are no matching."""
    with pytest.raises(ValueError, match="no matchings"):
        matchings_log10_sf(1, 4, 2, 3, 9)
