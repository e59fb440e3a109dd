"""Families of tests, and what the rejection of each one's null hypothesis says in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """Tests that answer one question, and share one part of the budget."""

    WEIGHTS = "weights"
    """Order and signs of units that a model does not fix."""

    WEIGHT_MARKS = "weight-marks"
    """A secret mark in the weights of released copies."""

    PLANTED_KEYS = "planted-keys"
    """Planted questions and answers."""

    ORDER = "order-of-training"
    """Memory of the order of our training."""

    AGREEMENT = "agreement"
    """Answers like ours, against a panel of reference models."""

    AUDIT = "watermark-audit"
    """An audit for marks in what our model wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What stands in a report about a family, whatever comes out."""

    title: str
    """Its name for people."""

    null_hypothesis: str
    """What would be true if nothing wrong happened."""

    shows: str
    """What follows if that is rejected."""

    needs_company: bool = False
    """Whether it says nothing alone: behaviour is never a verdict by itself. Its evidence is never
    decisive, and decides in company."""

    questions: int = 1
    """Questions that it answers and corrects each by itself only: two where presence and recipient
    are asked."""


QUESTIONS: Mapping[Family, Question] = {
    Family.WEIGHTS: Question(
        title="weights",
        null_hypothesis="The suspect was made without our weights, and ours without its.",
        shows=(
            "The suspect and our model share weights: one was made from the other, or both from a "
            "third."
        ),
    ),
    Family.WEIGHT_MARKS: Question(
        title="marks in weights",
        null_hypothesis="The suspect was made without any copy that carries our mark.",
        shows="The suspect was made from a copy of our weights that carries our mark.",
        questions=2,
    ),
    Family.PLANTED_KEYS: Question(
        title="planted keys",
        null_hypothesis="The suspect never learnt the planted keys.",
        shows=(
            "The suspect learnt answers that were planted in copies of our model, from a copy or "
            "from what a copy wrote."
        ),
        needs_company=True,
        questions=2,
    ),
    Family.ORDER: Question(
        title="order of training",
        null_hypothesis=(
            "What the suspect makes of the texts does not depend on the order in which ours saw "
            "them."
        ),
        shows="The suspect remembers texts in the order in which our model was trained on them.",
    ),
    Family.AGREEMENT: Question(
        title="agreement against a panel",
        null_hypothesis="The suspect was made as the panel's models were, independently of ours.",
        shows="The suspect answers as ours does more often than the panel's models do.",
        needs_company=True,
    ),
    Family.AUDIT: Question(
        title="watermark audit",
        null_hypothesis=(
            "No text that our keys have marked went into the suspect, or into what it looks up, "
            "quotes or passes on."
        ),
        shows=(
            "Texts that our model wrote under the audited keys went into the suspect, or into what "
            "it looks up, quotes or passes on."
        ),
    ),
}
"""Every family that a verdict may be asked about."""
