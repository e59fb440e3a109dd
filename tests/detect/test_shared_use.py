"""Shared use: sorted once, summed up to any step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect.shared_use import SharedUse, shared_use

PARTIES, VALUES, STEPS = 5, 4, 3

cells = st.lists(
    st.tuples(st.integers(0, PARTIES - 1), st.integers(0, VALUES - 1), st.integers(0, STEPS - 1)),
    unique=True,
)


def use_of(rows: list[tuple[int, int, int]]) -> SharedUse:
    """Put rows of party, value and step into order; the n-th row stands for n exchanges."""
    party, value, step = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return shared_use(
        party, value, step, {"exchanges": np.arange(1, len(rows) + 1)}, (PARTIES, VALUES)
    )


@given(cells, st.integers(0, STEPS - 1))
def test_sums_until_a_step_are_those_of_the_rows(
    rows: list[tuple[int, int, int]], last: int
) -> None:
    """Whatever the order of the rows, each cell holds its exchanges until the end of that step."""
    expected = np.zeros((PARTIES, VALUES))
    for exchanges, (party, value, step) in enumerate(rows, start=1):
        expected[party, value] += exchanges * (step <= last)
    until = use_of(rows).until(last)
    assert until.has_sorted_indices
    found = np.zeros((PARTIES, VALUES))
    found[:, : until.shape[1]] = until.toarray()[:, :VALUES]
    assert (found == expected).all()


@given(cells)
def test_each_party_uses_a_value_for_the_first_time_once(
    rows: list[tuple[int, int, int]],
) -> None:
    """The marked rows are the earliest steps of all pairs, each pair once."""
    use = use_of(rows)
    first = use.is_first()
    marked = zip(use.party()[first], use.value[first], use.step[first], strict=True)
    earliest: dict[tuple[int, int], int] = {}
    for party, value, step in rows:
        earliest[party, value] = min(step, earliest.get((party, value), STEPS))
    assert {(int(p), int(v)): int(d) for p, v, d in marked} == earliest
    assert first.sum() == len(earliest)


@given(cells, st.lists(st.integers(0, PARTIES - 1), unique=True))
def test_rows_of_parties_are_their_own(
    rows: list[tuple[int, int, int]], parties: list[int]
) -> None:
    """All rows of the asked parties come back, and no others."""
    use = use_of(rows)
    asked = np.array(parties, dtype=np.int64)
    found = use.rows_of(asked)
    assert sorted(found.tolist()) == np.flatnonzero(np.isin(use.party(), asked)).tolist()


def test_nothing_shared_is_a_matrix_without_entries() -> None:
    """A log in which nobody shares anything still has a matrix."""
    nothing = np.zeros(0, dtype=np.int64)
    use = shared_use(nothing, nothing, nothing, {"exchanges": nothing}, (PARTIES, 0))
    assert use.until(STEPS).shape == (PARTIES, 1)


def test_the_first_step_knows_nothing_of_later_ones() -> None:
    """Later steps do not leak backwards."""
    use = use_of([(0, 0, 0), (0, 0, 2), (1, 3, 1)])
    assert use.until(0).sum() == pytest.approx(1.0)
