"""What a suspect's weights say of a mark."""

from __future__ import annotations

from dataclasses import dataclass

from phalanx.evidence.codes import Resemblance
from phalanx.model import ExactEvidence
from phalanx.provenance.weight_marks.mark import MarkPlan
from phalanx.provenance.words import Question, Traced

QUESTION = Question(
    rule_ids=("PHX-P101", "PHX-P102"),
    names=("mark in weights", "recipient's word in weights"),
    null_hypotheses=(
        "The suspect was made without any copy that carries the mark.",
        "The suspect was made without the copy of this recipient.",
    ),
    method="secret projection of weights, exact tail, version 1",
    assumptions=(
        "The secret was drawn at random for this model; the suspect's makers did not know it.",
        "AES-256 cannot be told from random bits without its key.",
        "Nothing is assumed of the suspect's weights.",
    ),
    decisive=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkFinding:
    """The outcome of reading a mark."""

    plan: MarkPlan
    """What the mark was made for."""

    weights: int
    """Weights of the suspect that said anything."""

    places: int
    """Common places that lean at all: tosses of a fair coin under the null."""

    ones: int
    """Of these, places that lean as the mark does."""

    present_log10_p: float
    """Exact binomial tail: base-10 logarithm of the p-value of the null that the suspect was made
    without any marked copy."""

    expected_log10_p: float
    """What it would be, about, if the whole of the mark were in what was read: how much a mark that
    is not seen would have been seen. It does not depend on the key."""

    recipients: tuple[Resemblance, ...]
    """Every recipient, the strongest first. The null of each is that it had no part."""

    @property
    def seen(self) -> str:
        """What shows the mark, in words and numbers."""
        return f"{self.ones:,} of {self.places:,} common places lean as the mark does"

    @property
    def traced(self) -> Traced:
        """Whose copy it is, at the plan's chance of a false accusation."""
        return Traced(
            question=QUESTION,
            seen=self.seen,
            present_log10_p=self.present_log10_p,
            false_accusation=self.plan.code.false_accusation,
            recipients=self.recipients,
            sizes=(self.places, self.plan.code.length),
        )

    @property
    def named(self) -> tuple[Resemblance, ...]:
        """Recipients whose copies are in the suspect."""
        return self.traced.named

    def evidence(self) -> tuple[ExactEvidence, ...]:
        """Return the evidence that a marked copy is in the suspect, and whose."""
        return self.traced.evidence()
