"""How many contents were new: right on average, and nothing for what was seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.prevent.state.layout import REGISTERS
from phalanx.prevent.state.novelty import answered, estimate, merged, take_in

ITEMS = st.lists(st.integers(0, 2**64 - 1), max_size=60)


def _sketch(items: list[int]) -> tuple[npt.NDArray[np.uint8], float]:
    registers = np.zeros(REGISTERS, dtype=np.uint8)
    return registers, sum(take_in(registers, np.uint64(item)) for item in items)


@settings(max_examples=50)
@given(ITEMS)
def test_what_was_seen_counts_for_nothing(items: list[int]) -> None:
    """Exactly, however often it comes back and in whichever order."""
    registers, _ = _sketch(items)
    assert all(take_in(registers, np.uint64(item)) == 0.0 for item in reversed(items))


@settings(max_examples=50)
@given(ITEMS, ITEMS)
def test_sketches_are_merged_as_if_one_had_seen_all(one: list[int], other: list[int]) -> None:
    """So replicas can be put together."""
    assert (merged(_sketch(one)[0], _sketch(other)[0]) == _sketch(one + other)[0]).all()


@pytest.mark.parametrize("items", [1, 30, 300, 5_000])
def test_new_contents_are_counted_right_on_average(items: int) -> None:
    """Calibration: the sum of what new items count for is unbiased, its error 7 % at most.

    Over 400 sketches the mean is within four of its standard errors of the truth; so is that of
    the estimate by registers, up to 2 %.
    """
    rng = np.random.default_rng(items)
    drawn = rng.integers(0, 2**64, size=(400, items), dtype=np.uint64)
    sketches = [_sketch(row.tolist()) for row in drawn]
    counted = np.array([count for _, count in sketches]) / items
    assert abs(counted.mean() - 1) < 4 * 0.075 / np.sqrt(400)
    assert counted.std() < 0.08
    by_registers = np.array([estimate(registers) for registers, _ in sketches]) / items
    assert abs(by_registers.mean() - 1) < 0.02 + 4 * 0.095 / np.sqrt(400)
    assert by_registers.std() < 0.11


def test_a_short_answer_first_does_not_make_the_long_one_a_repetition() -> None:
    """Else all could be had for one token each."""
    content = np.uint64(7)
    assert answered(content, 1) != answered(content, 1_000)
    assert answered(content, 600) == answered(content, 1_000)
    assert answered(content, 1_000) != answered(np.uint64(8), 1_000)
