"""From two campaigns that are served marked answers to the one whose harvest trained a student."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx.watermark.audit import (
    Models,
    Plan,
    lean_log10_e,
    prompts_digest,
    read,
    run_audit,
    sign_report,
    verify_report,
)
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

WIDTH = 2
SCHEME = PhalanxGumbel(WIDTH)
KEYS = {"campaign-1": b"1" * 32, "campaign-2": b"2" * 32}
DECOYS = 1_000


def plan(mode: Any, documents: Any) -> Plan:
    """Return the plan of an audit that asks about both campaigns."""
    return Plan(
        suspect="student",
        mode=mode,
        scheme=SCHEME.setting.name,
        key_ids=tuple(KEYS),
        key_commitment="",
        prompts_digest=prompts_digest(documents),
        prompts=len(documents),
        reference="the model that the student was tuned from",
        reference_digest="",
        level=1e-6,
        decoys=DECOYS,
        decoy_seed=5,
        candidates=32,
        places=100_000,
        made_at="2026-11-25T12:00:00Z",
    )


@pytest.fixture(scope="module")
def student(house: Any) -> Any:
    """Return a model trained on its own text, on marked answers, and on as many unmarked ones."""
    random = np.random.default_rng(1)
    harvest = house.model.write(house.prompts(300, random), 200, KEYS["campaign-1"], random)
    clean = house.model.write(house.prompts(300, random), 200, None, random)
    return house.trained([house.other, *harvest, *clean])


@pytest.fixture(scope="module")
def base(house: Any) -> Any:
    """Return a model of its own text alone."""
    return house.trained([house.other])


def test_open_weights_name_the_campaign(house: Any, student: Any, base: Any) -> None:
    """Reading new marked text names the right campaign, and clears the other and every decoy."""
    random = np.random.default_rng(2)
    documents = house.model.write(house.prompts(12, random), 150, KEYS["campaign-1"], random)
    models = Models(marked=house.model, suspect=student, reference=base)
    planned = plan("weights", documents)
    audit = run_audit(planned, documents, models, KEYS)
    assert {each.key_id for each in audit.keys if each.named} == {"campaign-1"}
    assert audit.largest_decoy_log10_e is not None
    assert audit.largest_decoy_log10_e < audit.needed_log10_e
    signer = Ed25519PrivateKey.generate()
    data = sign_report(audit, signer)
    report = verify_report(data, signer.public_key(), planned.digest())
    assert [each["named"] for each in report["keys"]] == [True, False]


def test_answers_name_the_campaign(house: Any, student: Any, base: Any) -> None:
    """So they do where only answers are there, with more of them."""
    random = np.random.default_rng(3)
    prompts = house.prompts(300, random)
    answers = [said[8:] for said in student.write(prompts, 120, None, random)]
    audit = run_audit(
        plan("answers", prompts), prompts, Models(reference=base), KEYS, answers=answers
    )
    assert {each.key_id for each in audit.keys if each.named} == {"campaign-1"}
    assert audit.answers_digest == prompts_digest(answers)


def test_gathered_answers_name_it_from_a_third_of_them(house: Any, student: Any, base: Any) -> None:
    """And more strongly than one by one."""
    random = np.random.default_rng(3)
    prompts = house.prompts(100, random)
    answers = [said[8:] for said in student.write(prompts, 120, None, random)]
    models = Models(marked=house.model, reference=base)
    gathered, single = (
        run_audit(
            replace(plan(mode, prompts), places=50_000), prompts, models, KEYS, answers=answers
        )
        for mode in ("answers-gathered", "answers")
    )
    assert {each.key_id for each in gathered.keys if each.named} == {"campaign-1"}
    assert gathered.keys[0].log10_e > single.keys[0].log10_e
    signer = Ed25519PrivateKey.generate()
    data = sign_report(gathered, signer)
    report = verify_report(data, signer.public_key(), gathered.plan.digest())
    assert [each["named"] for each in report["keys"]] == [True, False]


def test_a_student_of_unmarked_answers_is_cleared(house: Any, base: Any) -> None:
    """Distillation without a mark leaves nothing that names a key."""
    random = np.random.default_rng(4)
    clean = house.model.write(house.prompts(300, random), 200, None, random)
    student = house.trained([house.other, *clean])
    documents = house.model.write(house.prompts(12, random), 150, None, random)
    leaning = read(documents, house.model, student, base, WIDTH, candidates=32)
    assert np.all(lean_log10_e(leaning, SCHEME, list(KEYS.values())) < 2.0)
