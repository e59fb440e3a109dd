"""What an audit is given of answers, in the order of its plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.cli.watermark_audit_prompts import planned_prompts
from phalanx.cli.watermark_audit_read import Material, nothing, used_of
from phalanx.errors import InputError
from phalanx.watermark.audit import Plan, likelihood, prompts_digest
from phalanx.watermark.draws import Draws, draw
from phalanx.watermark.marking.local_model import open_local_model
from phalanx.watermark.schemes.registry import open_scheme
from phalanx.watermark.texts import Document, Reject

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answered:
    """Answers to prompts of a plan, in its order."""

    given: tuple[Document, ...]
    tokens: tuple[Numbers, ...]
    prompts: tuple[Numbers, ...]
    """What each answers, as the plan has it: what an answer says of its prompt only finds it."""

    asked: tuple[Numbers, ...]
    """All prompts of the plan."""

    digest: str
    """Of all planned answers, missing ones having no token."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What counts of a suspect's answers, in the order of the plan's prompts."""

    draws: Draws
    log_p: Floats | None
    """Natural logarithm of what the reference gives each draw; null for sums."""

    digest: str
    documents: int


def read_answers(material: Material, plan: Plan, rejects: list[Reject]) -> Answers:
    """Read answers to prompts of the plan; others are rejected.

    Raises:
        InputError: If nothing can be used, nobody says how likely tokens were, or records of models
            are announced.
        PhalanxError: If tokenizer or reference cannot be opened.
    """
    if material.models.recorded:
        message = "an audit of answers takes no records of models: lines of answers have log_p"
        raise InputError(message, next_step="Leave --recorded out, or plan with --mode weights.")
    found = answers_of(material, plan, rejects)
    setting = open_scheme(plan.scheme).setting
    documents, log_p, model = found.tokens, None, None
    if plan.mode == "answers" and material.models.reference is not None:
        model = open_local_model(material.models.reference)
        # The model sees the prompt, of which nothing counts.
        pairs = zip(found.prompts, found.tokens, strict=True)
        documents = tuple(np.concatenate(pair) for pair in pairs)
    draws = draw(documents, setting.context_width, setting.unit, known=found.prompts)
    if model is not None:
        log_p = likelihood(draws, documents, model)
    elif plan.mode == "answers":
        log_p = _recorded_log_p(found, draws)
    return Answers(draws=draws, log_p=log_p, digest=found.digest, documents=len(found.given))


def answers_of(material: Material, plan: Plan, rejects: list[Reject]) -> Answered:
    """Return answers to prompts of the plan, in its order, and as tokens.

    Raises:
        InputError: If nothing can be used, or a prompt has more answers than the plan says: which
            of them count would be a choice.
        VerificationError: If the tokenizer is not the one of the plan.
        PhalanxError: If the tokenizer cannot be opened.
    """
    prompts = planned_prompts(plan, material.prompts, material.tokenizer)
    used = used_of(
        material, prompts, lambda each: (each.prompt, each.prompt_tokens),
        "answers no prompt of the plan", rejects,
    )  # fmt: skip
    found: dict[int, list[tuple[Document, Numbers]]] = {}
    for at, document in used:
        tokens = prompts.tokenizer.cut([document]).documents[0]
        if not tokens.size:
            rejects.append(Reject(where=document.where, reason="has no token"))
            continue
        same = found.setdefault(at, [])
        if len(same) == plan.answers_each:
            message = (
                f"{document.where}: a prompt of the plan has more answers than the "
                f"{plan.answers_each:,} that it asks for: which of them count would be a choice"
            )
            advice = "Hand in those that came first, or plan anew with --answers-each."
            raise InputError(message, next_step=advice)
        same.append((document, tokens))
    if not found:
        raise nothing(material.given, rejects)
    order = [(at, *each) for at in sorted(found) for each in found[at]]
    none = np.empty(0, np.int64)
    slots = [
        found[at][number][1] if number < len(found.get(at, ())) else none
        for at in range(plan.prompts)
        for number in range(plan.answers_each)
    ]
    return Answered(
        given=tuple(document for _, document, _ in order),
        tokens=tuple(tokens for *_, tokens in order),
        prompts=tuple(prompts.tokens[at] for at, *_ in order),
        asked=prompts.tokens,
        digest=prompts_digest(slots),
    )


def _recorded_log_p(found: Answered, draws: Draws) -> Floats:
    """Return what the reference gave each token that counts, as it was recorded."""
    for document, tokens in zip(found.given, found.tokens, strict=True):
        if document.log_p is None or document.log_p.size != tokens.size:
            message = f"{document.where}: has no log_p of the reference for each of its tokens"
            advice = "Record it, name the reference's folder with --reference, or plan with sums."
            raise InputError(message, next_step=advice)
    before = np.zeros(sum(each.size for each in found.prompts))
    logs = [each.log_p for each in found.given if each.log_p is not None]
    said = np.concatenate([before, *logs])
    result: Floats = said[draws.positions]
    return result
