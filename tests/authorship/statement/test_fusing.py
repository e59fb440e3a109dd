"""One statement: in the order in which evidence says most, with one level for all of it."""

from __future__ import annotations

import numpy as np
import pytest

from phalanx.authorship.statement import Step, fused
from phalanx.evidence import calibrate_p_mixed
from phalanx.model import ExactEvidence, Inconclusive

NOTHING = Inconclusive(reason="too short", reachable_log10_e=0.0)


def evidence(log10_p: float) -> ExactEvidence:
    """Return evidence of so much."""
    return ExactEvidence(
        rule_id="PHX-A004", name="a", family="a", null_hypothesis="Nothing.", observation="b",
        log10_e=float(calibrate_p_mixed(log10_p)), reachable_log10_e=None, sample_size=1,
        reference_size=1, method="c", assumptions=(), decisive=True, exact_log10_p=log10_p,
    )  # fmt: skip


def test_what_was_served_says_most() -> None:
    """However strong the others are."""
    steps = [
        Step("statistics", evidence(-9.0)), Step("mark", evidence(-20.0)),
        Step("served", evidence(-4.0)),
    ]  # fmt: skip
    found = fused(steps, 0.01)
    assert (found.words, found.decided_by) == ("consistent with what was served", "served")
    assert [step.source for step in found.steps] == ["served", "mark", "statistics"]


def test_a_mark_decides_where_nothing_served_is_found() -> None:
    """Then statistics."""
    weak = Step("served", evidence(-1.0))
    marked = fused([weak, Step("mark", evidence(-5.0)), Step("statistics", evidence(-5.0))], 0.01)
    assert marked.decided_by == "mark"
    like = fused([weak, Step("mark", NOTHING), Step("statistics", evidence(-5.0))], 0.01)
    assert like.words == "consistent with a model's writing"


def test_the_level_is_shared_by_what_was_asked_for() -> None:
    """Two steps at one in a hundred: each has one in two hundred, evaluable or not."""
    alone = fused([Step("statistics", evidence(-2.1))], 0.01)
    both = fused([Step("statistics", evidence(-2.1)), Step("served", evidence(0.0))], 0.01)
    without = fused([Step("statistics", evidence(-2.1)), Step("served", NOTHING)], 0.01)
    assert [each.decided_by for each in (alone, both, without)] == ["statistics", None, None]
    assert both.words == without.words == "not told apart"
    assert without.log10_p == pytest.approx(-2.1 + np.log10(2.0))


def test_a_gate_that_looks_at_the_text_leaves_the_level_as_it_is() -> None:
    """The rank is turned away just where another kind of evidence is at its strongest."""
    random = np.random.default_rng(5)
    draws = np.log10(random.random((20_000, 2)))
    said = [
        fused(
            [Step("mark", evidence(first)),
             Step("statistics", NOTHING if first < np.log10(0.05) else evidence(second))],
            0.05,
        )
        for first, second in draws.tolist()
    ]  # fmt: skip
    wrong = np.mean([each.decided_by is not None for each in said])
    assert wrong <= 0.05 + 4.0 * np.sqrt(0.05 / 20_000)
    e_values = [10.0**each.log10_e for each in said if each.log10_e is not None]
    assert np.sum(e_values) / len(said) <= 1.0 + 4.0 * np.std(e_values) / np.sqrt(len(said))


def test_statements_about_texts_that_owe_nothing_keep_the_level() -> None:
    """20,000 texts, three kinds of evidence, of which two depend on each other."""
    random = np.random.default_rng(4)
    draws = np.log10(random.random((20_000, 2)))
    wrong = np.mean(
        [
            fused(
                [Step("served", evidence(first)), Step("mark", evidence(second)),
                 Step("statistics", evidence(first))],
                0.05,
            ).decided_by is not None
            for first, second in draws.tolist()
        ]
    )  # fmt: skip
    assert wrong <= 0.05 + 4.0 * np.sqrt(0.05 / 20_000)


def test_nothing_evaluable_is_no_evidence() -> None:
    """Neither for nor against."""
    found = fused([Step("served", NOTHING), Step("statistics", NOTHING)], 0.01)
    assert (found.words, found.log10_p, found.log10_e) == ("not evaluable", None, None)


def test_no_statement_says_who_wrote() -> None:
    """Words are "consistent with"."""
    for source in ("served", "mark", "log-probabilities", "statistics"):
        words = fused([Step(source, evidence(-9.0))], 0.01).words
        assert words.startswith("consistent with")
        assert "written by" not in words


def test_one_kind_of_evidence_does_not_come_twice() -> None:
    """It would be counted twice."""
    with pytest.raises(ValueError, match="each kind of it once"):
        fused([Step("mark", NOTHING), Step("mark", NOTHING)], 0.01)
