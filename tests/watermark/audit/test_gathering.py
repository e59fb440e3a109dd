"""Audits that gather: planned, run as planned, calibrated, and refused where they would mislead."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from phalanx.errors import InputError, VerificationError
from phalanx.watermark.audit import (
    Models,
    Plan,
    answers_excess,
    audit_choices,
    chosen_answers,
    chosen_recorded,
    chosen_recorded_answers,
    chosen_weights,
    decoy_keys,
    excess_log10_e,
    imagined_field,
    imagined_times,
    parse_recorded,
    parse_recorded_answer,
    prompts_digest,
    read_plan,
    run_audit,
    simulate_power,
    weights_excess,
)
from phalanx.watermark.audit.gathered import FLOOR, RARE, STRENGTHS
from phalanx.watermark.audit.modes import METHODS
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

SCHEME = PhalanxGumbel(2)
KEYS = {"a": b"a" * 32, "b": b"b" * 32}
MODES = ["weights-gathered", "answers-gathered"]
RANDOM = np.random.default_rng(1)
DOCUMENTS = [RANDOM.integers(0, 5, 60) for _ in range(3)]
PROMPTS = [each[:6] for each in DOCUMENTS]
"""Short: what they show does not count."""

ANSWERS = [RANDOM.integers(0, 5, 60) for _ in range(3)]
PLAN = Plan(
    suspect="model-x", mode="weights-gathered", scheme=SCHEME.setting.name, key_ids=("a", "b"),
    key_commitment="", prompts_digest=prompts_digest(DOCUMENTS), prompts=3,
    reference="tuned by us", reference_digest="", level=1e-6, decoys=2_000, decoy_seed=7,
    candidates=4, places=100, made_at="2026-11-25T12:00:00Z", marked_digest="44" * 32,
)  # fmt: skip


def table(seed: int) -> Any:
    """Return a model of the last token."""
    logs = np.log(np.random.default_rng(seed).dirichlet(np.full(5, 0.5), 5))
    return lambda tokens: logs[tokens]


MODELS = Models(
    marked=table(1), suspect=table(2), reference=table(3), marked_digest="44" * 32
)  # fmt: skip


def audited(plan: Plan, models: Models = MODELS) -> Any:
    """Run an audit of either kind."""
    if plan.mode == "answers-gathered":
        plan = replace(plan, prompts_digest=prompts_digest(PROMPTS))
        return run_audit(plan, PROMPTS, models, KEYS, answers=ANSWERS)
    return run_audit(plan, DOCUMENTS, models, KEYS)


@pytest.mark.parametrize("mode", MODES)
def test_an_audit_gathers_as_its_plan_says(mode: Any) -> None:
    """So many candidates, the most usual contexts, its keys and decoys."""
    plan = replace(PLAN, mode=mode, decoys=3, places=10)
    audit = audited(plan)
    if mode == "answers-gathered":
        whole = [np.concatenate(each) for each in zip(PROMPTS, ANSWERS, strict=True)]
        choices = chosen_answers(
            whole, [6] * 3, table(1), table(3), 2, candidates=4, most_places=10
        )
        excess = answers_excess(choices)
        assert audit.answers_digest == prompts_digest(ANSWERS)
    else:
        models = (table(1), table(2), table(3))
        choices = chosen_weights(DOCUMENTS, *models, 2, candidates=4, most_places=10)
        excess = weights_excess(choices)
    found = excess_log10_e(choices, excess, SCHEME, [*KEYS.values(), *decoy_keys(plan, 32)])
    assert [*(each.log10_e for each in audit.keys), *audit.decoys_log10_e] == found.tolist()
    assert audit.places == choices.times.size == 10
    assert any("No key of the plan has marked" in each for each in audit.assumptions)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", [2, 4])
def test_e_values_of_a_clean_suspect_have_a_mean_of_at_most_one(mode: Any, seed: int) -> None:
    """Under the keys of a whole audit, of a suspect as unlike the reference as this one."""
    audit = audited(replace(PLAN, mode=mode), replace(MODELS, suspect=table(seed)))
    e = 10.0 ** np.array([*audit.decoys_log10_e, *(each.log10_e for each in audit.keys)])
    assert e.mean() <= 1.0 + 4.0 * e.std() / np.sqrt(e.size)
    for level in (0.05, 0.01):
        assert (e >= 1.0 / level).mean() <= level
    assert not any(each.named for each in audit.keys)


def test_the_statistic_is_what_its_method_says() -> None:
    """Who changes a number of it must give the method another version."""
    assert STRENGTHS == (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    assert (RARE, FLOOR) == ((16.0, 64.0, 256.0), 0.001)
    for mode in MODES:
        assert "version 2: " in METHODS[mode]
        assert (
            "strengths 1 to 32, doubling; half-weights 16, 64, 256; least expectation 0.001"
            in (METHODS[mode])
        )


def test_a_plan_that_gathers_names_the_marked_model() -> None:
    """Others name none."""
    said = json.loads(PLAN.as_bytes())
    assert (said["version"], said["marked_digest"]) == (4, "44" * 32)
    assert read_plan(PLAN.as_bytes()) == PLAN
    assert replace(PLAN, mode="weights").marked_digest
    with pytest.raises(ValueError, match="marked model makes the races"):
        replace(PLAN, mode="answers")
    with pytest.raises(ValueError, match="places times candidates"):
        replace(PLAN, places=10**9)
    with pytest.raises(VerificationError, match="marked model is not"):
        audited(PLAN, replace(MODELS, marked_digest="55" * 32))
    with pytest.raises(ValueError, match="two models read"):
        audited(replace(PLAN, mode="answers-gathered"), replace(MODELS, marked=None))
    other = replace(PLAN, mode="weights", marked_digest="")
    choices = chosen_weights(DOCUMENTS, table(1), table(2), table(3), 2, candidates=5)
    with pytest.raises(ValueError, match="gathers nothing"):
        audit_choices(other, choices, DOCUMENTS, KEYS, read=3)
    with pytest.raises(VerificationError, match="more candidates"):
        audit_choices(PLAN, choices, DOCUMENTS, KEYS, read=3)


def test_texts_that_a_key_has_marked_are_refused(house: Any) -> None:
    """A clean suspect that repeats what it reads would be named for them."""
    random = np.random.default_rng(4)
    marked = house.model.write(house.prompts(10, random), 60, KEYS["b"], random)
    plain = house.model.write(house.prompts(10, random), 60, None, random)
    models = replace(MODELS, marked=house.model, suspect=house.model, reference=house.model)
    plan = replace(PLAN, decoys=2, places=1_000, prompts=10)
    with pytest.raises(InputError, match="mark of a key"):
        run_audit(replace(plan, prompts_digest=prompts_digest(marked)), marked, models, KEYS)
    audit = run_audit(replace(plan, prompts_digest=prompts_digest(plain)), plain, models, KEYS)
    assert [each.log10_e for each in audit.keys] == pytest.approx([0.0, 0.0])


def test_what_an_answer_copies_from_its_prompt_does_not_count(house: Any) -> None:
    """A quotation too short to be refused would name its key for whoever repeats it."""
    random = np.random.default_rng(6)
    quoted = house.model.write(house.prompts(1, random), 20, KEYS["b"], random)[0]
    begun = house.prompts(40, random)
    prompts = [np.concatenate([each, quoted]) for each in begun]
    answers = [np.concatenate([each[:2], quoted, each[:2]]) for each in begun]
    plan = replace(
        PLAN, mode="answers-gathered", decoys=2, places=1_000, candidates=16, level=1e-3,
        prompts_digest=prompts_digest(prompts), prompts=40,
    )  # fmt: skip
    models = replace(MODELS, marked=house.model, reference=house.model)
    audit = run_audit(plan, prompts, models, KEYS, answers=answers)
    assert all(each.log10_e < 1.0 for each in audit.keys)
    whole = [np.concatenate(each) for each in zip(prompts, answers, strict=True)]
    # As if the prompts were unknown: their quotations alone would convict.
    counted = chosen_answers(whole, [0] * 40, house.model, house.model, 2, candidates=16)
    found = excess_log10_e(counted, answers_excess(counted), SCHEME, [KEYS["b"]])
    assert found[0] > 5.0


def copying(model: Any) -> Any:
    """Return a suspect that repeats what followed the same two tokens before, and knows no key."""

    def said(tokens: Any) -> Any:
        logs = model(tokens).copy()
        last: dict[bytes, int] = {}
        for at in range(2, tokens.size + 1):
            seen = last.get(tokens[at - 2 : at].tobytes())
            if seen is not None:
                logs[at - 1, seen] = np.logaddexp(logs[at - 1, seen], np.log(4.0))
                logs[at - 1] -= np.logaddexp.reduce(logs[at - 1])
            if at < tokens.size:
                last[tokens[at - 2 : at].tobytes()] = int(tokens[at])
        return logs

    return said


def test_what_a_document_has_shown_does_not_count(house: Any) -> None:
    """A marked passage that comes twice, too short to be refused, would convict who copies it."""
    random = np.random.default_rng(6)
    quoted = house.model.write(house.prompts(1, random), 20, KEYS["b"], random)[0]
    plain = house.model.write(house.prompts(40, random), 20, None, random)
    documents = [np.concatenate([each, quoted, each[:2], quoted]) for each in plain]
    plan = replace(
        PLAN, decoys=2, places=1_000, candidates=16, level=1e-3,
        prompts_digest=prompts_digest(documents), prompts=40,
    )  # fmt: skip
    suspect = copying(house.model)
    models = replace(MODELS, marked=house.model, suspect=suspect, reference=house.model)
    audit = run_audit(plan, documents, models, KEYS)
    assert all(each.log10_e < 1.0 for each in audit.keys)
    # As if the second passage stood alone, and the suspect knew the first all the same.
    halves = [each[: each.size - quoted.size - 2] for each in documents]
    rest = [quoted for _ in documents]
    counted = chosen_weights(
        [*halves, *rest], house.model,
        lambda tokens: suspect(np.concatenate([quoted, tokens]))[quoted.size :],
        house.model, 2, candidates=16,
    )  # fmt: skip
    found = excess_log10_e(counted, weights_excess(counted), SCHEME, [KEYS["b"]])
    assert found[0] > 5.0


def recorded(documents: Any, models: Any, most: int) -> Any:
    """Write down what three models said, of the likeliest tokens of the first."""
    found = []
    for tokens in documents:
        said = [model(tokens) for model in models]
        places = []
        for at in range(1, tokens.size):
            chosen = np.argsort(-said[0][at - 1])[:most]
            logs = [each[at - 1][chosen].tolist() for each in said]
            names = dict(zip(("marked", "suspect", "reference"), logs, strict=True))
            places.append({"at": at, "candidates": chosen.tolist(), **names})
        line = json.dumps({"tokens": tokens.tolist(), "places": places}).encode()
        found.append(parse_recorded(line))
    return found


def test_records_gather_to_what_the_models_would(house: Any) -> None:
    """All of it where all was recorded; and a law that holds where little was."""
    models = (table(1), table(2), table(3))
    here = chosen_weights(DOCUMENTS, *models, 2, candidates=4)
    there = chosen_recorded(recorded(DOCUMENTS, models, 5), 2, candidates=4)
    keys = decoy_keys(PLAN, 32)
    one, other = (
        excess_log10_e(each, weights_excess(each), SCHEME, keys) for each in (here, there)
    )
    assert np.allclose(one, other)
    random = np.random.default_rng(8)
    texts = house.model.write(house.prompts(5, random), 60, None, random)
    uneven = (house.model, house.trained([house.other]), house.trained([house.text[:5_000]]))
    few = chosen_recorded(recorded(texts, uneven, 3), 2, candidates=3, most_places=40)
    e = 10.0 ** excess_log10_e(few, weights_excess(few), SCHEME, keys)
    assert e.mean() <= 1.0 + 4.0 * e.std() / np.sqrt(e.size)
    assert (e >= 20.0).mean() <= 0.05
    with pytest.raises(InputError, match="nothing was recorded"):
        chosen_recorded([parse_recorded(b'{"tokens": [1, 2, 3], "places": []}')], 2)  # type: ignore[list-item]


def test_records_of_answers_gather_to_what_the_models_would() -> None:
    """What a prompt shows does not count there either, and places that are left out are seen."""
    models = (table(1), table(3))
    lines = []
    for prompt, answer in zip(PROMPTS, ANSWERS, strict=True):
        whole = np.concatenate([prompt, answer])
        said = [model(whole)[prompt.size - 1 :] for model in models]
        places = [
            {
                "at": at,
                "candidates": list(range(5)),
                "marked": said[0][at].tolist(),
                "reference": said[1][at].tolist(),
            }
            for at in range(answer.size)
        ]
        of = {"prompt_tokens": prompt.tolist(), "tokens": answer.tolist(), "places": places}
        lines.append(of)
    found = [parse_recorded_answer(json.dumps(each).encode()) for each in lines]
    assert all(each is not None and each.whole(2) for each in found)
    there = chosen_recorded_answers([each for each in found if each], 2, candidates=4)
    texts = [np.concatenate(each) for each in zip(PROMPTS, ANSWERS, strict=True)]
    here = chosen_answers(texts, [6] * 3, *models, 2, candidates=4)
    assert np.array_equal(here.field.draws.positions, there.field.draws.positions)
    keys = decoy_keys(replace(PLAN, decoys=50), 32)
    one, other = (excess_log10_e(e, answers_excess(e), SCHEME, keys) for e in (here, there))
    assert np.allclose(one, other)
    lines[0]["places"].pop(7)
    few = parse_recorded_answer(json.dumps(lines[0]).encode())
    assert few is not None
    assert not few.whole(2)
    assert parse_recorded_answer(json.dumps(lines[1] | {"prompt_tokens": None}).encode()) is None


def test_places_that_do_not_count_may_hold_what_they_like() -> None:
    """Other numbers of candidates before a whole context, or where a context comes again."""
    models = (table(1), table(2), table(3))
    whole = recorded(DOCUMENTS, models, 5)
    other = recorded(DOCUMENTS, models, 3)
    for each, few in zip(whole, other, strict=True):
        seen = set()
        for at in range(1, each.tokens.size):
            context = each.tokens[at - 2 : at].tobytes()
            if at < 2 or context in seen:
                each.places[at] = few.places[at]
            seen.add(context)
    here = chosen_recorded(recorded(DOCUMENTS, models, 5), 2, candidates=4)
    there = chosen_recorded(whole, 2, candidates=4)
    assert np.array_equal(here.said, there.said)
    assert np.array_equal(here.field.candidates, there.field.candidates)


@pytest.mark.parametrize("mode", MODES)
def test_power_grows_with_what_is_gathered(mode: Any) -> None:
    """Nothing is found of a clean student, and more of one that says more."""
    random = np.random.default_rng(9)
    medians = []
    for tokens in (400, 4_000):
        times = imagined_times(tokens, random)
        field = imagined_field(times.size, 1.5, 2, random, candidates=16)
        curve = simulate_power(
            field, mode, SCHEME, (0.0, 0.1), 3.0, runs=10, random=random, times=times
        )
        assert curve[0].power == 0.0
        medians.append(curve[1].median_log10_e)
    assert medians[0] < medians[1]
    assert medians[1] > 3.0
