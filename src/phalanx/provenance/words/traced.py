"""What is said of a suspect that carries a mark, and whose copy it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from phalanx.evidence import calibrate_p_mixed
from phalanx.evidence.codes import Resemblance
from phalanx.model import ExactEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: whether a mark is there, and whether a recipient's word is."""

    rule_ids: tuple[str, str]
    """Rules, of the mark and of the word."""

    names: tuple[str, str]
    """What would be seen, in short."""

    null_hypotheses: tuple[str, str]
    """In words."""

    method: str
    """Name and version."""

    assumptions: tuple[str, ...]
    """What must hold."""

    decisive: bool
    """Whether it may decide, or is context beside what can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """The answer."""

    question: Question
    """What was asked."""

    seen: str
    """What shows the mark, in words and numbers."""

    present_log10_p: float
    """p-value of the null that no marked copy is in the suspect, base-10 logarithm, corrected for
    how often it was asked."""

    false_accusation: float
    """Chance that anyone is named falsely which is accepted."""

    recipients: tuple[Resemblance, ...]
    """Every recipient, the strongest first. The null of each is that it had no part."""

    sizes: tuple[int, int]
    """Observations of the mark, and places of the word."""

    @property
    def named(self) -> tuple[Resemblance, ...]:
        """Recipients whose copies are in the suspect, at the chance of a false accusation.

        Nobody is named where the mark as such is not seen at the same level: then nothing leans
        but noise.
        """
        if self.present_log10_p > math.log10(self.false_accusation):
            return ()
        return tuple(each for each in self.recipients if each.accused)

    def evidence(self) -> tuple[ExactEvidence, ...]:
        """Return the evidence that a marked copy is in the suspect, and whose; none is named."""
        tests = [(self.seen, self.present_log10_p)]
        tests += [
            (
                f"accusation sum {each.score:.4g}; one of {len(self.recipients):,} recipients",
                each.adjusted_log10_p,
            )
            for each in self.named
        ]
        return tuple(
            ExactEvidence(
                rule_id=self.question.rule_ids[at > 0],
                name=self.question.names[at > 0],
                family="provenance",
                null_hypothesis=self.question.null_hypotheses[at > 0],
                observation=observation,
                log10_e=float(calibrate_p_mixed(np.array([log10_p]))[0]),
                reachable_log10_e=None,
                sample_size=self.sizes[at > 0],
                reference_size=len(self.recipients),
                method=self.question.method,
                assumptions=self.question.assumptions,
                decisive=self.question.decisive,
                exact_log10_p=log10_p,
            )
            for at, (observation, log10_p) in enumerate(tests)
        )
