"""What may be concluded from which families, and how rarely that is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from phalanx.model import Evidence, ExactEvidence, Inconclusive
from phalanx.provenance.planted_keys import KeyFinding, draw_keys, plan_keys, verify_keys
from phalanx.provenance.tests import Plan, compare_weights
from phalanx.provenance.verdict import (
    QUESTIONS,
    SENTENCES,
    Asked,
    Budget,
    Conclusion,
    Family,
    State,
    judge,
    of_agreement,
    of_audit,
    of_keys,
    of_order,
    of_weights,
)

MakeAsked = Callable[..., Asked]
MakeEvidence = Callable[..., ExactEvidence]
D, T, B = Conclusion.DERIVED, Conclusion.TRAINED_ON_OUTPUTS, Conclusion.FROM_OURS
NONE, UNKNOWN = Conclusion.NOT_DISTINGUISHABLE, Conclusion.NOT_EVALUABLE
WEIGHTS, MARKS, KEYS = Family.WEIGHTS, Family.WEIGHT_MARKS, Family.PLANTED_KEYS
ORDER, PANEL, AUDIT = Family.ORDER, Family.AGREEMENT, Family.AUDIT


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ({WEIGHTS: -20.0}, (D,)),
        ({WEIGHTS: -1.0}, (NONE,)),
        ({WEIGHTS: -20.0, AUDIT: -20.0}, (D, T)),
        ({WEIGHTS: -1.0, AUDIT: -20.0}, (T,)),
        ({MARKS: -20.0, WEIGHTS: 0.0}, (D,)),
        ({KEYS: -20.0, WEIGHTS: -1.0}, (T,)),
        ({KEYS: -20.0, WEIGHTS: -20.0}, (D,)),
        ({KEYS: -20.0, ORDER: -1.0}, (B,)),
        ({KEYS: -20.0}, (UNKNOWN,)),
        ({PANEL: -20.0}, (UNKNOWN,)),
        ({PANEL: -20.0, WEIGHTS: -1.0}, (T,)),
        ({PANEL: -20.0, KEYS: -1.0}, (B,)),
        ({ORDER: -20.0}, (B,)),
        ({ORDER: -20.0, WEIGHTS: -1.0}, (B,)),
        ({AUDIT: -20.0}, (T,)),
        ({AUDIT: -1.0}, (NONE,)),
    ],
)
def test_what_follows_from_which_families(
    p: dict[Family, float], expected: tuple[Conclusion, ...], answered: MakeAsked
) -> None:
    """Behaviour is never a verdict alone, and never decides between outputs and weights alone."""
    budget = Budget(1e-6, tuple(p))
    verdict = judge(budget, [answered(family, log10_p) for family, log10_p in p.items()])
    assert verdict.conclusions == expected
    assert verdict.accuses == (not {*expected} & {NONE, UNKNOWN})
    assert bool(verdict.shown) == verdict.accuses


def test_every_family_and_every_conclusion_has_its_words() -> None:
    """Nothing is said that was not written down before."""
    assert {*QUESTIONS} == {*Family}
    assert {*SENTENCES} == {*Conclusion}


def test_the_level_is_divided_by_what_is_asked(answered: MakeAsked) -> None:
    """The same evidence accuses where one family is asked, and not where six are."""
    p = math.log10(5e-7)
    alone = judge(Budget(1e-6, (WEIGHTS,)), [answered(WEIGHTS, p)])
    of_six = judge(
        Budget(1e-6, tuple(Family)),
        [answered(each, p if each is WEIGHTS else 0.0) for each in Family],
    )
    assert alone.conclusions == (D,)
    assert of_six.conclusions == (NONE,)
    assert of_six.budget.share == pytest.approx(1e-6 / 6)


def test_results_of_other_families_are_refused(answered: MakeAsked) -> None:
    """What was not planned does not count, and what was planned is not left out."""
    for asked in ([], [answered(WEIGHTS, 0.0), answered(AUDIT, 0.0)], [answered(AUDIT, 0.0)]):
        with pytest.raises(ValueError, match="divided between"):
            judge(Budget(1e-6, (WEIGHTS,)), asked)


@pytest.mark.parametrize(("level", "families"), [(0.0, "w"), (1.0, "w"), (0.1, ""), (0.1, "ww")])
def test_what_is_no_budget(level: float, families: str) -> None:
    """A level out of range, nothing asked, or a family twice."""
    with pytest.raises(ValueError, match=r"level|divided"):
        Budget(level, tuple(WEIGHTS for _ in families))


def test_too_little_is_not_evaluable(evidence: MakeEvidence, answered: MakeAsked) -> None:
    """Twelve coins cannot come to one in a million; neither can what said nothing."""
    few = judge(Budget(1e-6, (WEIGHTS,)), [answered(WEIGHTS, -3.0, reachable_log10_p=-3.6)])
    assert few.conclusions == (UNKNOWN,)
    assert "could have reached" in few.answers[WEIGHTS].reason
    enough = judge(Budget(1e-2, (WEIGHTS,)), [answered(WEIGHTS, -1.0, reachable_log10_p=-3.6)])
    assert enough.conclusions == (NONE,)
    corrected = Asked(
        family=WEIGHTS, results=(evidence(-1.0, reachable_log10_p=-3.6),), corrected_for=100
    )
    assert judge(Budget(1e-2, (WEIGHTS,)), [corrected]).conclusions == (UNKNOWN,)
    silent = Asked(
        family=WEIGHTS,
        results=(
            Inconclusive(reason="no blocks", reachable_log10_e=0.0),
            evidence(-30.0, decisive=False),
        ),
    )
    said = judge(Budget(1e-6, (WEIGHTS,)), [silent])
    assert (said.conclusions, said.answers[WEIGHTS].reason) == ((UNKNOWN,), "no blocks")


def test_an_audit_counts_only_what_it_named() -> None:
    """Its own level may be stricter than the budget's part."""
    line = Evidence(
        rule_id="PHX-W004", name="n", family="watermark", null_hypothesis="h", observation="o",
        log10_e=9.0, reachable_log10_e=None, sample_size=1, reference_size=1, method="m",
        assumptions=(), decisive=True,
    )  # fmt: skip
    behind = replace(line, log10_e=-1.0, decisive=False)  # random keys reach as much
    nothing = replace(behind, sample_size=0)
    for each, named, expected in (
        (line, True, (T,)),
        (line, False, (NONE,)),
        (behind, False, (NONE,)),
        (nothing, False, (UNKNOWN,)),
    ):
        verdict = judge(Budget(1e-6, (AUDIT,)), [of_audit([each], [named])])
        assert verdict.conclusions == expected


def keys_answered(planted: int) -> KeyFinding:
    """Return the finding of a model that gives so many planted answers, those of copy `b`."""
    plan = plan_keys(3, 1, 1e-3)
    questions = [f"Question {number}?" for number in range(plan.code.length)]
    choices = [[f"{number:02d}" for number in range(32)]] * len(questions)
    keys, code = draw_keys(plan, bytes(32), questions, choices)
    word = code.words(["b"])[0]
    said = [key.answer(bit=bit) for key, bit in zip(keys, word, strict=True)]
    answers = [one if at < planted else "none" for at, one in enumerate(said)]
    return verify_keys(plan, keys, code, answers, ["a", "b", "c"])


def test_a_panel_can_only_clear_planted_keys(answered: MakeAsked) -> None:
    """Where a reference model gives as many planted answers, they are no secret."""
    whole = keys_answered(80)
    for panel, state, recipients in (
        ([], State.REJECTED, ("b",)),
        ([keys_answered(3)], State.REJECTED, ("b",)),
        ([keys_answered(3), whole], State.NOT_EVALUABLE, ()),
    ):
        # A suspect that gives as few planted answers as the panel is answered, not left open.
        few = of_keys(keys_answered(3), [keys_answered(3)])
        kept = judge(Budget(1e-6, (WEIGHTS, KEYS)), [answered(WEIGHTS, 0.0), few])
        assert kept.answers[KEYS].state is State.KEPT
        verdict = judge(
            Budget(1e-6, (WEIGHTS, KEYS)), [answered(WEIGHTS, 0.0), of_keys(whole, panel)]
        )
        assert verdict.answers[KEYS].state is state
        assert verdict.answers[KEYS].recipients == recipients


def test_a_recipient_is_named_within_the_budget(evidence: MakeEvidence) -> None:
    """A mark may be seen where whose it is stays open."""
    for word, expected in ((-20.0, ("b",)), (-6.2, ())):
        asked = Asked(
            family=MARKS,
            results=(evidence(-30.0), evidence(word)),
            recipients=("b",),
        )
        answer = judge(Budget(1e-6, (MARKS,)), [asked]).answers[MARKS]
        assert (answer.state, answer.recipients) == (State.REJECTED, expected)


def test_inconclusive_findings_stay_so() -> None:
    """Too few texts, and no panel: each says why."""
    reason = Inconclusive(reason="a panel of 0", reachable_log10_e=0.0)
    verdict = judge(Budget(0.05, (ORDER, PANEL)), [of_order(reason), of_agreement(reason)])
    assert verdict.conclusions == (UNKNOWN,)
    assert {each.reason for each in verdict.answers.values()} == {"a panel of 0"}


@pytest.mark.parametrize("count", [1, 3, 6])
def test_independent_suspects_are_accused_at_most_at_the_level(
    count: int, answered: MakeAsked
) -> None:
    """Under the null of every family p-values are uniform; two dependent ones are the worst."""
    random = np.random.default_rng(count)
    families = tuple(Family)[:count]
    runs, level, accused = 4_000, 0.1, 0
    for _ in range(runs):
        shared = random.random()
        p = [shared if random.random() < 0.3 else random.random() for _ in families]
        asked = [answered(each, math.log10(one)) for each, one in zip(families, p, strict=True)]
        accused += judge(Budget(level, families), asked).accuses
    assert accused > 0
    assert accused / runs <= level + 4.0 * math.sqrt(level * (1.0 - level) / runs)


def test_strangers_by_weights_are_accused_at_most_at_the_level(models: Any) -> None:
    """Random models, compared whole and judged."""
    drawn = [models.held(models.drawn(seed, layers=2, neurons=64)) for seed in range(24)]
    level, accused, runs = 0.2, 0, 0
    for at, ours in enumerate(drawn):
        for suspect in drawn[:at:2]:
            answer = of_weights(compare_weights(ours, suspect, Plan(decoys=4, seed=runs)))
            verdict = judge(Budget(level, (WEIGHTS,)), [answer])
            assert verdict.answers[WEIGHTS].state is not State.NOT_EVALUABLE
            accused += verdict.accuses
            runs += 1
    assert accused / runs <= level + 4.0 * math.sqrt(level * (1.0 - level) / runs)


def test_keys_of_innocent_models_accuse_at_most_at_the_level(answered: MakeAsked) -> None:
    """Answers by chance, beside weights that say nothing."""
    random = np.random.default_rng(5)
    plan = plan_keys(3, 1, 1e-3)
    questions = [f"Question {number}?" for number in range(plan.code.length)]
    names = [f"{number:02d}" for number in range(32)]
    keys, code = draw_keys(plan, bytes(range(32)), questions, [names] * len(questions))
    level, runs, accused = 0.2, 600, 0
    for _ in range(runs):
        said = [names[at] for at in random.integers(0, 32, len(keys))]
        finding = verify_keys(plan, keys, code, said, ["a", "b", "c"])
        asked = [answered(WEIGHTS, 0.0), of_keys(finding)]
        accused += judge(Budget(level, (WEIGHTS, KEYS)), asked).accuses
    assert accused / runs <= level + 4.0 * math.sqrt(level * (1.0 - level) / runs)
