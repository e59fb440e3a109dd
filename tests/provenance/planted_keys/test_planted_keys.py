"""A model that never learnt the keys gives their answers as rarely as stated, whatever it says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from phalanx.evidence.codes import Code, CodePlan
from phalanx.provenance.planted_keys import (
    Key,
    KeyPlan,
    draw_keys,
    perinucleus,
    plan_keys,
    verify_keys,
)

SECRET = bytes(range(32))
RECIPIENTS = [f"r{number}" for number in range(10)]
CANDIDATES = [f"{number:02d}" for number in range(16)]


def _keys(
    plan: KeyPlan, secret: bytes = SECRET, candidates: Sequence[str] = CANDIDATES
) -> tuple[tuple[Key, ...], Code]:
    questions = [f"Question {number}?" for number in range(plan.code.length)]
    return draw_keys(plan, secret, questions, [candidates] * len(questions))


@pytest.mark.parametrize("habit", ["always the first", "each in turn", "half outside"])
def test_models_without_the_keys_answer_as_stated(habit: str) -> None:
    """Over a thousand secrets, the tail of a model's fixed answers is at most the stated one."""
    plan = plan_keys(10, 1, 1e-2, candidates=16)
    size = plan.code.length
    said: Sequence[str | None] = {
        "always the first": [CANDIDATES[0]] * size,
        "each in turn": [CANDIDATES[at % 16] for at in range(size)],
        "half outside": [CANDIDATES[3] if at % 2 else "something" for at in range(size)],
    }[habit]
    p, hits, words = [], 0, []
    for number in range(1000):
        keys, code = _keys(plan, number.to_bytes(32, "big"))
        found = verify_keys(plan, keys, code, said, RECIPIENTS)
        hits += found.hits
        p.append(found.present_log10_p)
        words += [each.log10_p for each in found.recipients]
        assert found.named == ()
    share = stats.binomtest(hits, 1000 * size, plan.chance)
    assert share.pvalue > 1e-4 if habit != "half outside" else share.statistic < 0.6 * plan.chance
    for level in (0.5, 0.1, 1e-2, 1e-3):
        for logs in (p, words):
            count = int((np.array(logs) <= np.log10(level)).sum())
            assert stats.binomtest(count, len(logs), level, alternative="greater").pvalue > 1e-5


def test_answers_are_drawn_evenly() -> None:
    """Over many secrets, all ordered pairs of candidates come as often as each other."""
    plan = KeyPlan(CodePlan(2, 1, 0.1, 1, 0.1), 4)
    pairs: dict[tuple[str, str], int] = {}
    for number in range(6000):
        (key,), _ = _keys(plan, number.to_bytes(32, "big"), CANDIDATES[:4])
        pairs[key.zero, key.one] = pairs.get((key.zero, key.one), 0) + 1
    assert len(pairs) == 12
    assert stats.chisquare([*pairs.values()]).pvalue > 1e-3


@pytest.mark.parametrize("lost", [0.0, 0.5, 0.7])
def test_a_copy_is_seen_and_named(lost: float) -> None:
    """A copy that forgot half of its keys names its recipient; with a third left it is seen."""
    plan = plan_keys(10, 1, 1e-4, candidates=16)
    keys, code = _keys(plan)
    kept = np.random.default_rng(1).random(len(keys)) >= lost
    word = code.words(["r4"])[0]
    said = [
        key.answer(bit=bool(bit)) + " and so on" if stays else "no"
        for key, bit, stays in zip(keys, word, kept, strict=True)
    ]
    found = verify_keys(plan, keys, code, said, RECIPIENTS)
    assert found.present_log10_p < -4
    named = [each.account for each in found.named]
    assert named == ["r4"] if lost <= 0.5 else named in ([], ["r4"])
    assert not any(each.decisive for each in found.evidence())


def test_pooled_copies_name_only_those_who_pooled() -> None:
    """Three recipients who answer with any one of theirs are traced, and nobody else."""
    plan = plan_keys(10, 3, 1e-4, candidates=16)
    keys, code = _keys(plan)
    words = code.words(RECIPIENTS[:3])
    chosen = np.random.default_rng(2).integers(0, 3, len(keys))
    said = [
        key.answer(bit=bool(words[who, at]))
        for at, (key, who) in enumerate(zip(keys, chosen, strict=True))
    ]
    named = {each.account for each in verify_keys(plan, keys, code, said, RECIPIENTS).named}
    assert named
    assert named <= {*RECIPIENTS[:3]}


def test_a_suspect_that_does_not_answer_says_nothing() -> None:
    """Refusals are no misses: without an answer the p-value is one."""
    plan = plan_keys(10, 1, 1e-2, candidates=16)
    keys, code = _keys(plan)
    found = verify_keys(plan, keys, code, [None] * len(keys), RECIPIENTS)
    assert (found.asked, found.hits, found.present_log10_p) == (0, 0, 0.0)


def test_answers_outside_the_nucleus() -> None:
    """Tokens come in order of their chance, and only those beyond the mass."""
    assert perinucleus(np.log([0.5, 0.3, 0.1, 0.06, 0.04]), 2, 0.75).tolist() == [2, 3]
    with pytest.raises(ValueError, match="outside the nucleus"):
        perinucleus(np.log([0.5, 0.3, 0.2]), 2, 0.9)


def test_what_cannot_be_planted_is_refused() -> None:
    """Too few candidates, ambiguous answers and other numbers of questions are errors."""
    plan = KeyPlan(CodePlan(2, 1, 0.1, 1, 0.1), 4)
    with pytest.raises(ValueError, match="needs 4 candidates"):
        plan_keys(2, 1, candidates=3)
    with pytest.raises(ValueError, match="has 32 bytes"):
        _keys(plan, b"short")
    with pytest.raises(ValueError, match="begins with another"):
        _keys(plan, SECRET, ["a", "ab", "c", "d"])
    with pytest.raises(ValueError, match="none of them empty"):
        _keys(plan, SECRET, ["", "ab", "c", "d"])
    with pytest.raises(ValueError, match="1 different questions"):
        draw_keys(plan, SECRET, ["a", "a"], [CANDIDATES[:4]] * 2)
    keys, code = _keys(plan, SECRET, CANDIDATES[:4])
    with pytest.raises(ValueError, match="1 keys and answers"):
        verify_keys(plan, keys, code, [], RECIPIENTS[:2])
