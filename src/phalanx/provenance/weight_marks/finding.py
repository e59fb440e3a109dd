"""What a suspect's weights say of a mark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phalanx.evidence import calibrate_p_mixed
from phalanx.evidence.codes import Resemblance
from phalanx.model import ExactEvidence
from phalanx.provenance.weight_marks.mark import MarkPlan

_PRESENT_NULL = "The suspect was made without any copy that carries the mark."
_WORD_NULL = "The suspect was made without the copy of this recipient."
_ASSUMPTIONS = (
    "The secret was drawn at random for this model, and whoever made the suspect did not know it.",
    "AES-256 cannot be told from random bits without its key.",
    "Nothing is assumed of the suspect's weights.",
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
    def named(self) -> tuple[Resemblance, ...]:
        """Recipients whose copies are in the suspect, at the plan's chance of a false accusation.

        Nobody is named where the mark as such is not seen at the same level: then nothing leans
        but noise.
        """
        if self.present_log10_p > np.log10(self.plan.code.false_accusation):
            return ()
        return tuple(each for each in self.recipients if each.accused)

    def evidence(self) -> tuple[ExactEvidence, ...]:
        """Return the evidence that a marked copy is in the suspect, and whose; none is named."""
        seen = f"{self.ones:,} of {self.places:,} common places lean as the mark does"
        tests = [(_PRESENT_NULL, "mark in weights", seen, self.present_log10_p, self.places)]
        tests += [
            (
                _WORD_NULL,
                "recipient's word in weights",
                f"accusation sum {each.score:.4g}; one of {len(self.recipients):,} recipients",
                each.adjusted_log10_p,
                self.plan.code.length,
            )
            for each in self.named
        ]
        return tuple(
            ExactEvidence(
                rule_id="PHX-P101" if at == 0 else "PHX-P102",
                name=name,
                family="provenance",
                null_hypothesis=null,
                observation=observation,
                log10_e=float(calibrate_p_mixed(np.array([log10_p]))[0]),
                reachable_log10_e=None,
                sample_size=size,
                reference_size=len(self.recipients),
                method="secret projection of weights, exact tail, version 1",
                assumptions=_ASSUMPTIONS,
                decisive=True,
                exact_log10_p=log10_p,
            )
            for at, (null, name, observation, log10_p, size) in enumerate(tests)
        )
