"""An independent model stands out of a panel as rarely as stated; without one, nothing does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from phalanx.model import Inconclusive
from phalanx.provenance.panel_test import PanelFinding, telling, weigh_agreement

Answers = dict[str, list[str | None]]


def _answers(random: np.random.Generator, ours: Answers, share: float) -> Answers:
    """Answer as ours does with a chance, else in one of three other ways."""
    return {
        name: [said if random.random() < share else str(random.integers(0, 3)) for said in of]
        for name, of in ours.items()
    }


def _ours() -> Answers:
    return {"first": ["ours"] * 40, "second": ["ours"] * 25}


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_ranks_of_independent_models_are_even(spread: float) -> None:
    """Over 400 panels of 19, an innocent suspect has p <= 5 % in at most 5 % of them."""
    random, ours = np.random.default_rng(0), _ours()
    p, adjusted = [], []
    for _ in range(400):
        models = [_answers(random, ours, 0.3 + spread * random.random()) for _ in range(20)]
        found = weigh_agreement(ours, models[0], models[1:])
        assert isinstance(found, PanelFinding)
        p += [found.sets[0].log10_p]
        adjusted += [min(each.adjusted_log10_p for each in found.sets)]
    for level in (0.5, 0.1, 0.05):
        for logs in (p, adjusted):
            count = int((np.array(logs) <= np.log10(level) + 1e-9).sum())
            assert stats.binomtest(count, 400, level, alternative="greater").pvalue > 1e-3


def test_a_copy_stands_out() -> None:
    """A suspect that agrees more than all 39 others reaches what 40 ranks allow, as context."""
    random, ours = np.random.default_rng(1), _ours()
    panel = [_answers(random, ours, 0.4) for _ in range(39)]
    found = weigh_agreement(ours, _answers(random, ours, 0.95), panel)
    assert isinstance(found, PanelFinding)
    assert [each.log10_p for each in found.sets] == pytest.approx([-np.log10(40)] * 2)
    assert [each.adjusted_log10_p for each in found.sets] == pytest.approx([-np.log10(20)] * 2)
    for each in found.evidence():
        assert not each.decisive
        assert each.log10_e <= each.reachable_log10_e  # type: ignore[operator]


@pytest.mark.parametrize("size", [0, 1, 18])
def test_without_a_panel_nothing_is_found(size: int) -> None:
    """Identical answers mean nothing where too few references show what is usual."""
    ours = _ours()
    found = weigh_agreement(ours, ours, [ours] * size)
    assert isinstance(found, Inconclusive)
    assert "19 can" in found.reason


def test_telling_questions_are_those_that_others_answer_otherwise() -> None:
    """A question that most others answer as ours is left out, as is one that ours refuses."""
    others = [["a", "b", "x", "y"], ["a", "z", "x", "y"], ["a", "z", "x", "y"]] * 2
    assert telling(["a", "b", "c", None], others) == [2]


def test_other_questions_cannot_be_compared() -> None:
    """Sets that differ, or are empty, are errors."""
    ours = _ours()
    fewer: Answers = {"first": ["ours"] * 40}
    shorter: Answers = {**ours, "second": ["ours"]}
    for suspect in (fewer, shorter):
        with pytest.raises(ValueError, match="must be the same"):
            weigh_agreement(ours, suspect, [])
    with pytest.raises(ValueError, match="none empty"):
        weigh_agreement({"a": []}, {"a": []}, [])
