"""What an audit is given of answers, in the order of its plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.cli.watermark_audit_prompts import planned_prompts
from phalanx.cli.watermark_audit_read import (
    LACKS_PLACES,
    Material,
    nothing,
    records_of,
    refuse_models,
    refuse_unread,
    used_of,
)
from phalanx.errors import InputError
from phalanx.watermark.audit import (
    Plan,
    Recorded,
    likelihood,
    parse_recorded_answer,
    prompts_digest,
)
from phalanx.watermark.draws import Draws, draw
from phalanx.watermark.marking.local_model import open_local_model
from phalanx.watermark.schemes.registry import open_scheme
from phalanx.watermark.texts import Document, Reject

_UNPLANNED = "answers no prompt of the plan"
_EMPTY = "has no token"
UNREAD = "Leave this answer out: it counts as missing. Or run a model that reads it."
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

    @property
    def where(self) -> tuple[str, ...]:
        """Where each stands."""
        return tuple(each.where for each in self.given)

    @property
    def whole(self) -> tuple[Numbers, ...]:
        """Each with its prompt before it."""
        pairs = zip(self.prompts, self.tokens, strict=True)
        return tuple(np.concatenate(pair) for pair in pairs)


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
        documents = found.whole
        refuse_unread([model], found.where, documents, UNREAD)
    draws = draw(documents, setting.context_width, setting.unit, known=found.asked)
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
        _UNPLANNED, rejects,
    )  # fmt: skip
    slots = _Slots(plan)
    order: list[tuple[int, int, Document, Numbers]] = []
    for at, document in used:
        tokens = prompts.tokenizer.cut([document]).documents[0]
        if not tokens.size:
            rejects.append(Reject(where=document.where, reason=_EMPTY))
            continue
        order.append((at, slots.take(at, tokens, document.where), document, tokens))
    if not order:
        raise nothing(material.given, rejects)
    order.sort(key=lambda each: each[:2])
    return Answered(
        given=tuple(document for *_, document, _ in order),
        tokens=tuple(tokens for *_, tokens in order),
        prompts=tuple(prompts.tokens[at] for at, *_ in order),
        asked=prompts.tokens,
        digest=slots.digest(),
    )


def recorded_answers_of(
    material: Material, plan: Plan, rejects: list[Reject]
) -> tuple[list[Recorded], tuple[Numbers, ...], str]:
    """Return what was recorded of answers, all prompts of the plan, and the answers' digest.

    Raises:
        InputError: As `answers_of`, or if the plan fixes a model, or one is named as well.
        VerificationError: If the tokenizer is not the one of the plan.
    """
    refuse_models(material, plan)
    prompts = planned_prompts(plan, material.prompts, material.tokenizer)
    width = open_scheme(plan.scheme).setting.context_width
    slots = _Slots(plan)
    order: list[tuple[int, int, Recorded]] = []
    for where, found in records_of(material, parse_recorded_answer):
        at = None if found is None else prompts.place_of(None, found.tokens[: found.prompt])
        if found is None:
            rejects.append(Reject(where=where, reason="is no record of what two models said"))
        elif at is None:
            rejects.append(Reject(where=where, reason=_UNPLANNED))
        elif found.tokens.size == found.prompt:
            rejects.append(Reject(where=where, reason=_EMPTY))
        elif not found.whole(width):
            rejects.append(Reject(where=where, reason=LACKS_PLACES))
        else:
            order.append((at, slots.take(at, found.tokens[found.prompt :], where), found))
    if not order:
        raise nothing(material.given, rejects)
    order.sort(key=lambda each: each[:2])
    return [found for *_, found in order], prompts.tokens, slots.digest()


class _Slots:
    """A place for each answer that a plan asks for."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._found: dict[int, list[Numbers]] = {}

    def take(self, at: int, answer: Numbers, where: str) -> int:
        """Keep an answer to a prompt, and return which of its answers it is.

        Raises:
            InputError: If the plan asks for no more.
        """
        same = self._found.setdefault(at, [])
        if len(same) == self._plan.answers_each:
            message = (
                f"{where}: a prompt of the plan has more answers than the "
                f"{self._plan.answers_each:,} that it asks for: which of them count would be a "
                "choice"
            )
            advice = "Hand in those that came first, or plan anew with --answers-each."
            raise InputError(message, next_step=advice)
        same.append(answer)
        return len(same)

    def digest(self) -> str:
        """Return the digest of all answers; those that are missing have no token."""
        none = [np.empty(0, np.int64)] * self._plan.answers_each
        places = (self._found.get(at, []) for at in range(self._plan.prompts))
        filled = [(found + none)[: self._plan.answers_each] for found in places]
        return prompts_digest([answer for each in filled for answer in each])


def _recorded_log_p(found: Answered, draws: Draws) -> Floats:
    """Return what the reference gave each token that counts, as it was recorded."""
    for document, tokens in zip(found.given, found.tokens, strict=True):
        if document.log_p is None or document.log_p.size != tokens.size:
            message = f"{document.where}: has no log_p of the reference for each of its tokens"
            advice = "Record it, name the reference's folder with --reference, or plan with sums."
            raise InputError(message, next_step=advice)
        if document.tokens is None or not np.array_equal(document.tokens, tokens):
            message = f"{document.where}: log_p is of other tokens than the plan's tokenizer cuts"
            advice = "Record it of these, or name the reference's folder with --reference."
            raise InputError(message, next_step=advice)
    before = np.zeros(sum(each.size for each in found.asked))
    logs = [each.log_p for each in found.given if each.log_p is not None]
    said = np.concatenate([before, *logs])
    result: Floats = said[draws.positions]
    return result
