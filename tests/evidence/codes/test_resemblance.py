"""Words that nobody used resemble nothing more often than stated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from phalanx.evidence.codes import Code, CodePlan, weigh_words


@pytest.mark.parametrize("shape", ["sure", "soft", "few places", "another's word"])
def test_p_values_hold_whatever_leans(shape: str) -> None:
    """Of 20,000 innocent words, as many as stated have a p-value below each level."""
    code = Code(CodePlan(20_000, 2, 1e-3, 300, 0.03), bytes(range(32)))
    random = np.random.default_rng(0)
    lean = {
        "sure": random.choice([-1.0, 1.0], 300),
        "soft": random.uniform(-1.0, 1.0, 300),
        "few places": np.where(random.random(300) < 0.1, 1.0, 0.0),
        "another's word": np.where(code.words(["guilty"])[0], 1.0, -1.0),
    }[shape]
    found = weigh_words(lean, code, [f"a{number}" for number in range(20_000)])
    p = 10.0 ** np.array([each.log10_p for each in found])
    for level in (0.5, 0.1, 1e-2, 1e-3):
        # A discrete law gives less than the level where it has no value there.
        count = int((p <= level).sum())
        assert stats.binomtest(count, p.size, level, alternative="greater").pvalue > 1e-4
    # Without its rarest values, whose mean no sample of this size shows.
    e = np.minimum(10.0 ** np.array([each.log10_e for each in found]), 100.0)
    assert e.mean() < 1.05
    assert not any(each.accused for each in found)
