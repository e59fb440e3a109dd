"""One verdict about one suspect, in fixed sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from phalanx.provenance.verdict.answer import Answer, Asked, State, answers_of
from phalanx.provenance.verdict.budget import Budget
from phalanx.provenance.verdict.families import QUESTIONS, Family


class Conclusion(StrEnum):
    """What may be said of a suspect."""

    DERIVED = "derived"
    TRAINED_ON_OUTPUTS = "trained on our outputs"
    FROM_OURS = "derived or trained on our outputs"
    NOT_DISTINGUISHABLE = "not distinguishable from independent"
    NOT_EVALUABLE = "not evaluable"

    @property
    def accuses(self) -> bool:
        """Whether it says that the suspect has something of ours."""
        return self in {
            Conclusion.DERIVED,
            Conclusion.TRAINED_ON_OUTPUTS,
            Conclusion.FROM_OURS,
        }


SENTENCES: Mapping[Conclusion, str] = {
    Conclusion.DERIVED: (
        "Derived: the suspect's weights are not independent of ours. Kinship has no direction: one "
        "model was made from the other, or both from a third, be it only the initial values that a "
        "library draws from one seed. Unless a mark of ours is seen, dates and custody decide "
        "which."
    ),
    Conclusion.TRAINED_ON_OUTPUTS: (
        "Trained on our outputs: the suspect says what only our model could have taught it. A "
        "service that looks texts up, quotes them or passes questions on shows the same, and so "
        "does a copy of our weights that hides."
    ),
    Conclusion.FROM_OURS: (
        "Derived or trained on our outputs: the suspect says what only our model could have taught "
        "it. Which of the two is not told without its weights, and a service that passes questions "
        "on shows the same."
    ),
    Conclusion.NOT_DISTINGUISHABLE: (
        "Not distinguishable from independent: the tests that were asked could have shown that the "
        "suspect has something of ours, and did not. This clears nobody: a copy can hide, and what "
        "was not asked is not answered."
    ),
    Conclusion.NOT_EVALUABLE: (
        "Not evaluable: nothing that was there could have decided. This says nothing about the "
        "suspect."
    ),
}
"""Each conclusion in the words of a report."""

ASSUMPTIONS = (
    (
        "Which tests are asked, of what, and the level were fixed before the first one was made; "
        "asking again with other tests is another look, with an error of its own."
    ),
    "The files and answers that were tested are those of the suspect that is named.",
)
"""What must hold for a verdict, besides what each test assumes."""

NOT_SAID = (
    "Who copied from whom, when, and whether it was allowed.",
    (
        "Models that began from one published model share weights by birth: name all ancestors of "
        "ours before anyone is accused."
    ),
    (
        "Weights say nothing about distillation; a student that keeps none of our weights is a "
        "stranger to them."
    ),
    "A family that found nothing is no evidence of innocence.",
)
"""What a verdict never says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What all families together say of a suspect, within one budget."""

    budget: Budget
    """Fixed before."""

    answers: Mapping[Family, Answer]
    """Of every family that was asked, in the budget's order."""

    conclusions: tuple[Conclusion, ...]
    """What follows, the gravest first; at least one."""

    @property
    def accuses(self) -> bool:
        """Whether it says that the suspect has something of ours."""
        return any(each.accuses for each in self.conclusions)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What must hold for it: its own assumptions, and those of the evidence that decided."""
        known = dict.fromkeys(ASSUMPTIONS)
        for answer in self.answers.values():
            if answer.state is not State.NOT_EVALUABLE:
                for each in answer.asked.results:
                    known |= dict.fromkeys(getattr(each, "assumptions", ()))
        return tuple(known)

    @property
    def shown(self) -> tuple[str, ...]:
        """What each family that rejects its null hypothesis shows, in words."""
        return tuple(
            QUESTIONS[family].shows
            for family, answer in self.answers.items()
            if answer.state is State.REJECTED
        )


def judge(budget: Budget, asked: Iterable[Asked]) -> Verdict:
    """Conclude from the results of all families.

    Null hypothesis: the suspect is independent of our model, in every way that the families of the
    budget ask about. The chance of any accusation is then at most the budget's level.

    - A rejection by weights, or by marks in weights: derived.
    - By an audit of marks: trained on our outputs.
    - By planted keys or a panel, where weights do not show kinship: trained on our outputs, if
      weights were compared; else that, or derived.
    - By the order of training, likewise, but which of the two is never told.

    Parameters:
        budget: Fixed before.
        asked: Results of each of its families.

    Raises:
        ValueError: If they are not of these families.
    """
    answers = answers_of(budget, asked)
    return Verdict(budget=budget, answers=answers, conclusions=_conclusions(answers))


def _conclusions(answers: Mapping[Family, Answer]) -> tuple[Conclusion, ...]:
    rejected = {family for family, each in answers.items() if each.state is State.REJECTED}
    found = []
    derived = bool(rejected & {Family.WEIGHTS, Family.WEIGHT_MARKS})
    if derived:
        found.append(Conclusion.DERIVED)
    weights = answers.get(Family.WEIGHTS)
    compared = weights is not None and weights.state is State.KEPT
    if Family.AUDIT in rejected or (
        compared and not derived and rejected & {Family.PLANTED_KEYS, Family.AGREEMENT}
    ):
        found.append(Conclusion.TRAINED_ON_OUTPUTS)
    elif not derived and rejected & {Family.PLANTED_KEYS, Family.AGREEMENT, Family.ORDER}:
        found.append(Conclusion.FROM_OURS)
    if not found:
        decided = any(each.state is not State.NOT_EVALUABLE for each in answers.values())
        found.append(Conclusion.NOT_DISTINGUISHABLE if decided else Conclusion.NOT_EVALUABLE)
    return tuple(found)
