"""An audit as its plan says: the only way on which nothing that was promised can be changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phalanx.evidence import calibrate_p_mixed
from phalanx.watermark.audit.answers import answers_log10_e, answers_log10_p
from phalanx.watermark.audit.choices import chosen_answers, chosen_weights
from phalanx.watermark.audit.decoys import decoy_keys
from phalanx.watermark.audit.gathering import audit_choices
from phalanx.watermark.audit.leaning import Leaning, lean_log10_e
from phalanx.watermark.audit.models import Model, likelihood, read
from phalanx.watermark.audit.opening import Opening, keys_in_order, refuse
from phalanx.watermark.audit.planned import refuse_mode, refuse_other_prompts, scheme_of
from phalanx.watermark.audit.prompts import prompts_digest
from phalanx.watermark.audit.verdict import Audit, conclude
from phalanx.watermark.audit.winners import Field, Floats, Integers
from phalanx.watermark.draws import Draws, draw
from phalanx.watermark.schemes.registry import open_scheme

if TYPE_CHECKING:
    from phalanx.watermark.audit.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What an audit asks."""

    marked: Model | None = None
    """The model whose outputs are marked; needed where the suspect reads, or choices are gathered:
    its owner has it."""

    suspect: Model | None = None
    """The model under audit; needed where it reads."""

    reference: Model | None = None
    """The one that the plan names; needed but for sums."""

    reference_digest: str = ""
    """`model_digest` of the folder that was loaded for it, hexadecimal."""

    marked_digest: str = ""
    """`model_digest` of the folder of the marked model, hexadecimal, where it makes the races."""

    tokenizer_digest: str = ""
    """SHA-256 of the `tokenizer.json` that has cut texts, hexadecimal."""


def run_audit(  # noqa: PLR0913 - each is one thing that was promised, or its answer
    plan: Plan,
    documents: Sequence[Integers],
    models: Models,
    keys: Mapping[str, bytes],
    *,
    answers: Sequence[Integers] | None = None,
    opening: Opening | None = None,
) -> Audit:
    """Do an audit as its plan says.

    The documents, the keys, their commitment, the models and the tokenizer are held against the
    plan, scheme and random keys come from it.

    Parameters:
        plan: As it was published.
        documents: Token numbers of what the suspect reads, or of the prompts that it was asked, of
            which the plan holds the `prompts_digest`.
        models: What is asked.
        keys: Name -> key.
        answers: Where the suspect answered, the answers to each prompt, without it: all of the
            first, then all of the second. One without a token is missing.
        opening: Of the commitment to the keys.

    Raises:
        VerificationError: If something is not what the plan says.
        InputError: If there is no such scheme.
        ValueError: If answers or a model are missing, or the scheme does not fit the mode.
    """
    refuse_other_prompts(plan, documents)
    if plan.reference_digest != models.reference_digest:
        refuse("the reference is not the one of the plan")
    if plan.raced and plan.marked_digest != models.marked_digest:
        refuse("the marked model is not the one of the plan")
    if plan.tokenizer_digest != models.tokenizer_digest:
        refuse("the tokenizer is not the one of the plan")
    if plan.prompts != len(documents):
        refuse("there are other numbers of documents than the plan says")
    if (answers is None) != plan.mode.startswith("weights"):
        message = "answers are there in all modes but those of `weights`"
        raise ValueError(message)
    if answers is None:
        return _read(plan, documents, models, keys, opening)
    return _asked(plan, documents, models, keys, answers, opening)


def _read(
    plan: Plan,
    documents: Sequence[Integers],
    models: Models,
    keys: Mapping[str, bytes],
    opening: Opening | None,
) -> Audit:
    if models.marked is None or models.suspect is None or models.reference is None:
        message = "three models read: the marked one, the suspect and the reference"
        raise ValueError(message)
    three = (models.marked, models.suspect, models.reference)
    width = open_scheme(plan.scheme).setting.context_width
    if plan.gathered:
        choices = chosen_weights(
            documents, *three, width, candidates=plan.candidates, most_places=plan.places
        )
        return audit_choices(plan, choices, documents, keys, read=len(documents), opening=opening)
    leaning = read(documents, *three, width, candidates=plan.candidates)
    return audit_leaning(plan, leaning, keys, documents=len(documents), opening=opening)


def audit_leaning(
    plan: Plan,
    leaning: Leaning,
    keys: Mapping[str, bytes],
    *,
    documents: int,
    opening: Opening | None = None,
) -> Audit:
    """Conclude from what three models said of documents, as `run_audit` does.

    Parameters:
        plan: Of the mode `weights`.
        leaning: What was read, of the documents of the plan: see `refuse_other_prompts`.
        keys: Name -> key.
        documents: How many of them were read.
        opening: Of the commitment to the keys.

    Raises:
        VerificationError: If keys or commitment are not those of the plan, or more candidates
            race than it says, or contexts are not those of its scheme.
        InputError: If there is no such scheme.
        ValueError: If the plan has another mode.
    """
    refuse_mode(plan, "weights")
    scheme = scheme_of(plan, leaning.field.draws)
    if leaning.field.candidates.shape[1] > plan.candidates:
        refuse("more candidates race than the plan says")
    chosen = keys_in_order(plan, keys, opening)
    count = min(leaning.field.draws.count, plan.places)
    field = leaning.field
    first = Leaning(
        Field(_first(field.draws, count), field.candidates[:count], field.log_p[:count]),
        leaning.log_lean[:count],
    )
    decoys = decoy_keys(plan, scheme.setting.key_bytes)
    found, others = (lean_log10_e(first, scheme, each) for each in (chosen, decoys))
    return conclude(plan, count, found, others, read=documents)


def audit_answers(  # noqa: PLR0913 - each is one thing that was promised, or its answer
    plan: Plan,
    draws: Draws,
    log_p: Floats | None,
    keys: Mapping[str, bytes],
    *,
    answers: int,
    opening: Opening | None = None,
    answers_digest: str = "",
) -> Audit:
    """Conclude from answers, as `run_audit` does.

    Parameters:
        plan: Of the mode `answers` or `sums`.
        draws: What counts of the answers to the prompts of the plan, in their order: see
            `refuse_other_prompts`. The prompts are known documents.
        log_p: Natural logarithm of what the reference gives each of them; null for sums.
        keys: Name -> key.
        answers: How many there are.
        opening: Of the commitment to the keys.
        answers_digest: `prompts_digest` of the answers, of missing ones as of no token.

    Raises:
        VerificationError: If keys or commitment are not those of the plan, or contexts are not
            those of its scheme.
        InputError: If there is no such scheme.
        ValueError: If the plan has another mode, or the scheme does not fit it.
    """
    refuse_mode(plan, "sums" if log_p is None else "answers")
    scheme = scheme_of(plan, draws)
    chosen = keys_in_order(plan, keys, opening)
    decoys = decoy_keys(plan, scheme.setting.key_bytes)
    count = min(draws.count, plan.places)
    first = _first(draws, count)
    if log_p is None:
        found, others = (
            calibrate_p_mixed(answers_log10_p(first, scheme, each)) for each in (chosen, decoys)
        )
    else:
        found, others = (
            answers_log10_e(first, log_p[:count], scheme, each) for each in (chosen, decoys)
        )
    return conclude(plan, count, found, others, read=answers, answers_digest=answers_digest)


def _asked(  # noqa: PLR0913, PLR0917 - as `run_audit`
    plan: Plan,
    prompts: Sequence[Integers],
    models: Models,
    keys: Mapping[str, bytes],
    answers: Sequence[Integers],
    opening: Opening | None,
) -> Audit:
    if len(answers) != plan.asked:
        message = f"there are {len(answers):,} answers, where the plan asks for {plan.asked:,}"
        raise ValueError(message)
    setting = open_scheme(plan.scheme).setting
    of_prompts = [each for each in prompts for _ in range(plan.answers_each)]
    pairs = [pair for pair in zip(of_prompts, answers, strict=True) if pair[1].size]
    if not pairs:
        message = "no answer has a token"
        raise ValueError(message)
    # The reference shall know what was asked; of the prompt itself nothing counts.
    whole, digest = [np.concatenate(each) for each in pairs], prompts_digest(answers)
    if plan.gathered:
        if models.reference is None or models.marked is None:
            message = "two models read answers: the marked one and the reference"
            raise ValueError(message)
        choices = chosen_answers(
            whole, [prompt.size for prompt, _ in pairs], models.marked, models.reference,
            setting.context_width, candidates=plan.candidates, most_places=plan.places,
        )  # fmt: skip
        return audit_choices(
            plan, choices, prompts, keys,
            read=len(pairs), opening=opening, answers_digest=digest,
        )  # fmt: skip
    draws = draw(whole, setting.context_width, setting.unit, known=[*prompts])
    log_p = None
    if plan.mode == "answers":
        if models.reference is None:
            message = "the reference says how likely each token was"
            raise ValueError(message)
        log_p = likelihood(draws, whole, models.reference)
    return audit_answers(
        plan, draws, log_p, keys, answers=len(pairs), opening=opening, answers_digest=digest
    )


def _first(draws: Draws, count: int) -> Draws:
    return Draws(
        draws.stream,
        draws.positions[:count],
        draws.tokens[:count],
        draws.context_width,
        draws.repeats,
    )
