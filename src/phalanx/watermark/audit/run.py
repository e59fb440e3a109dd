"""An audit as its plan says: the only way on which nothing that was promised can be changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phalanx.evidence import calibrate_p_mixed
from phalanx.watermark.audit.answers import answers_log10_e, answers_log10_p
from phalanx.watermark.audit.decoys import decoy_keys
from phalanx.watermark.audit.leaning import Leaning, lean_log10_e
from phalanx.watermark.audit.models import Model, likelihood, read
from phalanx.watermark.audit.opening import Opening, keys_in_order, refuse
from phalanx.watermark.audit.prompts import prompts_digest
from phalanx.watermark.audit.verdict import Audit, conclude
from phalanx.watermark.audit.winners import Field, Floats, Integers
from phalanx.watermark.draws import Draws, draw
from phalanx.watermark.schemes.registry import open_scheme

if TYPE_CHECKING:
    from phalanx.watermark.audit.plan import Plan
    from phalanx.watermark.schemes.scheme import Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What an audit asks."""

    marked: Model | None = None
    """The model whose outputs are marked; needed where the suspect reads."""

    suspect: Model | None = None
    """The model under audit; needed where it reads."""

    reference: Model | None = None
    """The one that the plan names; needed but for sums."""

    reference_digest: str = ""
    """SHA-256 of the weights that were loaded for it, hexadecimal."""


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

    The documents, the keys, their commitment and the reference are held against the plan, scheme
    and random keys come from it.

    Parameters:
        plan: As it was published.
        documents: Token numbers of what the suspect reads, or of the prompts that it was asked, of
            which the plan holds the `prompts_digest`.
        models: What is asked.
        keys: Name -> key.
        answers: Where the suspect answered, the answer to each prompt, without it.
        opening: Of the commitment to the keys.

    Raises:
        VerificationError: If something is not what the plan says.
        InputError: If there is no such scheme.
        ValueError: If answers or a model are missing, or the scheme does not fit the mode.
    """
    refuse_other_prompts(plan, documents)
    if plan.reference_digest != models.reference_digest:
        refuse("the reference is not the one of the plan")
    if (answers is None) != (plan.mode == "weights"):
        message = "answers are there in all modes but `weights`"
        raise ValueError(message)
    width = open_scheme(plan.scheme).setting.context_width
    if answers is None:
        if models.marked is None or models.suspect is None or models.reference is None:
            message = "three models read: the marked one, the suspect and the reference"
            raise ValueError(message)
        leaning = read(
            documents,
            models.marked,
            models.suspect,
            models.reference,
            width,
            candidates=plan.candidates,
        )
        return audit_leaning(plan, leaning, keys, opening=opening)
    return _asked(plan, documents, models, keys, answers, opening)


def refuse_other_prompts(plan: Plan, documents: bytes | Sequence[Integers]) -> None:
    """Refuse what the suspect was asked or read, if the plan says something else.

    Parameters:
        plan: The plan.
        documents: What `prompts_digest` took when the plan was made.

    Raises:
        VerificationError: If the plan says something else.
    """
    if prompts_digest(documents) != plan.prompts_digest:
        refuse("these are not the documents of the plan")


def audit_leaning(
    plan: Plan, leaning: Leaning, keys: Mapping[str, bytes], *, opening: Opening | None = None
) -> Audit:
    """Conclude from what three models said of documents, as `run_audit` does.

    Parameters:
        plan: Of the mode `weights`.
        leaning: What was read, of the documents of the plan: see `refuse_other_prompts`.
        keys: Name -> key.
        opening: Of the commitment to the keys.

    Raises:
        VerificationError: If keys or commitment are not those of the plan, or more candidates
            race than it says, or contexts are not those of its scheme.
        InputError: If there is no such scheme.
        ValueError: If the plan has another mode.
    """
    _refuse_mode(plan, "weights")
    scheme = _scheme(plan, leaning.field.draws)
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
    return conclude(
        plan, count, lean_log10_e(first, scheme, chosen), lean_log10_e(first, scheme, decoys)
    )


def audit_answers(  # noqa: PLR0913 - each is one thing that was promised, or its answer
    plan: Plan,
    draws: Draws,
    log_p: Floats | None,
    keys: Mapping[str, bytes],
    *,
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
        opening: Of the commitment to the keys.
        answers_digest: `prompts_digest` of the answers.

    Raises:
        VerificationError: If keys or commitment are not those of the plan, or contexts are not
            those of its scheme.
        InputError: If there is no such scheme.
        ValueError: If the plan has another mode, or the scheme does not fit it.
    """
    _refuse_mode(plan, "sums" if log_p is None else "answers")
    scheme = _scheme(plan, draws)
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
    return conclude(plan, count, found, others, answers_digest=answers_digest)


def _asked(  # noqa: PLR0913, PLR0917 - as `run_audit`
    plan: Plan,
    prompts: Sequence[Integers],
    models: Models,
    keys: Mapping[str, bytes],
    answers: Sequence[Integers],
    opening: Opening | None,
) -> Audit:
    if len(answers) != len(prompts):
        message = f"there are {len(answers):,} answers to {len(prompts):,} prompts"
        raise ValueError(message)
    setting = open_scheme(plan.scheme).setting
    # The reference shall know what was asked; of the prompt itself nothing counts.
    whole = [np.concatenate(each) for each in zip(prompts, answers, strict=True)]
    draws = draw(whole, setting.context_width, setting.unit, known=[*prompts])
    log_p = None
    if plan.mode == "answers":
        if models.reference is None:
            message = "the reference says how likely each token was"
            raise ValueError(message)
        log_p = likelihood(draws, whole, models.reference)
    return audit_answers(
        plan, draws, log_p, keys, opening=opening, answers_digest=prompts_digest(answers)
    )


def _refuse_mode(plan: Plan, mode: str) -> None:
    if plan.mode != mode:
        message = f"the plan asks for {plan.mode}, not for {mode}"
        raise ValueError(message)


def _scheme(plan: Plan, draws: Draws) -> Scheme:
    scheme = open_scheme(plan.scheme)
    if scheme.setting.name != plan.scheme:
        refuse(f"the plan calls its scheme {plan.scheme}, which is {scheme.setting.name}")
    if draws.context_width != scheme.setting.context_width:
        refuse("what was read has contexts of another scheme than the plan's")
    return scheme


def _first(draws: Draws, count: int) -> Draws:
    return Draws(
        draws.stream,
        draws.positions[:count],
        draws.tokens[:count],
        draws.context_width,
        draws.repeats,
    )
