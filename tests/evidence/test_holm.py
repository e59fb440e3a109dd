"""Holm's correction, against its definition, and what it promises."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phalanx.evidence import holm


@given(st.lists(st.floats(-400.0, 0.0), min_size=1, max_size=30))
def test_it_rejects_step_by_step(logs: list[float]) -> None:
    """A test is rejected at a level if it and every smaller one pass their own step."""
    adjusted = holm(logs)
    order = np.argsort(logs, kind="stable")
    for level in (-1.0, -3.0, -100.0):
        steps = [logs[at] + np.log10(len(logs) - step) <= level for step, at in enumerate(order)]
        passed = int(np.argmin([*steps, False]))
        assert int((adjusted <= level).sum()) == passed
    assert (adjusted >= np.array(logs)).all()


def test_any_false_rejection_is_as_rare_as_promised() -> None:
    """Of families of twenty true nulls, a twentieth have an adjusted p-value below 0.05."""
    random = np.random.default_rng(0)
    false = np.mean(
        [holm(np.log10(random.random(20))).min() <= np.log10(0.05) for _ in range(4000)]
    )
    assert 0.035 < false < 0.065
