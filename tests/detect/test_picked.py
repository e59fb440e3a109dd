"""Picked prompts add up to the same, however the steps are gone through."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect.picked import PickedPrompts
from phalanx.sketches.prompts import SIGNS

PARTIES, STEPS = 4, 6

prompts = st.tuples(
    st.integers(0, PARTIES - 1), st.integers(0, STEPS - 1), st.integers(-(2**63), 2**63 - 1)
)


def picked_of(rows: list[tuple[int, int, int]]) -> PickedPrompts:
    """Return the prompts of a few parties."""
    party, step, signs = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return PickedPrompts(party, step, signs, np.arange(PARTIES))


def by_hand(rows: list[tuple[int, int, int]], step: int) -> npt.NDArray[np.float32]:
    """Add up bit by bit."""
    sums = np.zeros((PARTIES, SIGNS), dtype=np.float32)
    for party, at, signs in rows:
        if at <= step and signs:
            sums[party] += [1.0 if signs >> bit & 1 else -1.0 for bit in range(SIGNS)]
    return sums


@given(st.lists(prompts, max_size=12), st.lists(st.integers(0, STEPS - 1), min_size=1, max_size=5))
def test_any_step_may_be_asked_for(rows: list[tuple[int, int, int]], steps: list[int]) -> None:
    """Forwards, backwards, or one step twice."""
    picked = picked_of(rows)
    for step in steps:
        count, sums = picked.until(step)
        assert (sums == by_hand(rows, step)).all()
        assert count.sum() == sum(at <= step and signs != 0 for _, at, signs in rows)


def test_an_empty_log_has_none() -> None:
    """Nobody wrote anything."""
    count, sums = picked_of([]).until(3)
    assert not count.any()
    assert sums.shape == (PARTIES, SIGNS)


@pytest.mark.parametrize("signs", [0])
def test_zero_is_no_prompt(signs: int) -> None:
    """A step in which a party sent short prompts only says nothing."""
    count, _ = picked_of([(1, 2, signs)]).until(5)
    assert not count.any()
