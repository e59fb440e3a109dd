"""What a family of tests came to, held against its part of the budget."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from phalanx.evidence import calibrate_p_mixed
from phalanx.model import Evidence, Inconclusive
from phalanx.provenance.verdict.budget import Budget
from phalanx.provenance.verdict.families import QUESTIONS, Family, Question


class State(StrEnum):
    """How a family answered."""

    REJECTED = "null hypothesis rejected"
    """Its null hypothesis is rejected within the budget."""

    KEPT = "nothing found"
    """It could have been rejected, and was not."""

    NOT_EVALUABLE = "not evaluable"
    """What was there could not have decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The results of one family."""

    family: Family
    """Which."""

    results: tuple[Evidence | Inconclusive, ...]
    """All of them, also those that could not decide."""

    corrected_for: int = 1
    """Tests that the p-values of the results were corrected for together, among them those that
    said nothing."""

    recipients: tuple[str, ...] = ()
    """Whose copy the evidence after the first is about, in its order."""

    references: int = 0
    """Reference models, or ancestors of ours, that were asked the same: they can only clear."""

    objection: str = ""
    """Why a rejection would not count, whatever the p-values are; empty if nothing speaks against
    it."""

    @property
    def question(self) -> Question:
        """What stands in a report about its family, whatever comes out."""
        return QUESTIONS[self.family]

    def __post_init__(self) -> None:
        """Refuse recipients without evidence, and corrections for less than one test."""
        if self.recipients and len(self.recipients) != len(self.results) - 1:
            message = f"{len(self.recipients)} recipients, {len(self.results)} results"
            raise ValueError(message)
        if self.corrected_for < 1:
            message = "at least one test was asked"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A family of tests, judged."""

    asked: Asked
    """What there was."""

    state: State
    """How it answered."""

    log10_p: float
    """Smallest p-value that may decide, corrected within the family, base-10 logarithm; 0 without
    one."""

    reason: str
    """Why it is not evaluable, or why what it found is not counted; empty else."""

    recipients: tuple[str, ...]
    """Recipients whose copies are seen within the budget; none unless the family's null is
    rejected."""


def answers_of(budget: Budget, all_asked: Iterable[Asked]) -> dict[Family, Answer]:
    """Hold the results of every family against its part of the budget.

    Null hypothesis of each family: in `QUESTIONS`. A family is rejected if the smallest of its
    p-values, multiplied by what is left to correct for, is at most its part. One that needs
    company counts only where another one could have decided: behaviour is never a verdict alone.

    Parameters:
        budget: Fixed before.
        all_asked: One for each family of the budget.

    Returns:
        An answer of every family, in the budget's order.

    Raises:
        ValueError: If a family of the budget is missing, or another one is there.
    """
    asked = {each.family: each for each in all_asked}
    if {*asked} != {*budget.families}:
        message = "the results are not of the families that the budget was divided between"
        raise ValueError(message)
    alone = {family: _alone(asked[family], budget.log10_share) for family in budget.families}
    return {
        family: _in_company(answer, {name: each for name, each in alone.items() if name != family})
        for family, answer in alone.items()
    }


def _alone(asked: Asked, log10_share: float) -> Answer:
    """Judge a family without looking at the others."""
    may_decide = [
        each
        for each in asked.results
        if isinstance(each, Evidence) and (each.decisive or asked.question.needs_company)
    ]
    log10_p = _corrected(min((each.log10_p for each in may_decide), default=0.0), asked)
    reachable = any(_reaches(each, asked, log10_share) for each in may_decide)
    state, reason = State.KEPT, ""
    if not may_decide:
        state, reason = State.NOT_EVALUABLE, _why_not(asked.results)
    elif log10_p <= log10_share:
        state = State.NOT_EVALUABLE if asked.objection else State.REJECTED
        reason = asked.objection
    elif not reachable:
        state = State.NOT_EVALUABLE
        part = f"{10.0**log10_share:.2g}"
        reason = f"nothing that was there could have reached its part of the level, {part}"
    return Answer(
        asked=asked,
        state=state,
        log10_p=log10_p,
        reason=reason,
        recipients=_named(asked, log10_share) if state is State.REJECTED else (),
    )


def _named(asked: Asked, log10_share: float) -> tuple[str, ...]:
    """Return the recipients whose own evidence is within the family's part of the level."""
    return tuple(
        name
        for name, each in zip(asked.recipients, asked.results[1:], strict=False)
        if isinstance(each, Evidence) and _corrected(each.log10_p, asked) <= log10_share
    )


def _in_company(answer: Answer, others: Mapping[Family, Answer]) -> Answer:
    """Take back what behaviour says where nothing stands beside it."""
    if not answer.asked.question.needs_company or answer.state is State.NOT_EVALUABLE:
        return answer
    keys = answer.asked.family is Family.PLANTED_KEYS
    beside = any(each.state is not State.NOT_EVALUABLE for each in others.values())
    if beside or (keys and answer.asked.references):
        return answer
    return Answer(
        asked=answer.asked,
        state=State.NOT_EVALUABLE,
        log10_p=answer.log10_p,
        recipients=(),
        reason=(
            "behaviour is never a verdict alone: nothing else could decide"
            + (", and no panel was asked the same keys" if keys else "")
        ),
    )


def _reaches(evidence: Evidence, asked: Asked, log10_share: float) -> bool:
    """Tell whether evidence could have come to a family's part of the level."""
    if evidence.reachable_log10_e is None:
        return True
    needed = log10_share - math.log10(asked.question.questions) - math.log10(asked.corrected_for)
    return evidence.reachable_log10_e >= float(calibrate_p_mixed(needed)) - 1e-9


def _corrected(log10_p: float, asked: Asked) -> float:
    return min(0.0, log10_p + math.log10(asked.question.questions))


def _why_not(results: Iterable[Evidence | Inconclusive]) -> str:
    reasons = [each.reason for each in results if isinstance(each, Inconclusive)]
    return "; ".join(dict.fromkeys(reasons)) or "nothing was found that may decide"
