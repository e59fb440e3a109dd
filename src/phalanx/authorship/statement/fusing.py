"""Fusing: the index of what was served, then a mark, then log-probabilities, then statistics.

Each kind of evidence has a null hypothesis of its own, and they are rejected in the order in which
they say most: that a text shares with what we served says more than that it is like any model's.
The level is shared by all that were asked for, so that the chance of any false statement is at most
the level. What turns out not to be evaluable keeps its part: a gate looks at the text, and whoever
is turned away by it must not leave more of the level to evidence about the same text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from phalanx.authorship.judging import Judgement
from phalanx.authorship.rules import CodeLikeModels, TextLikeModels
from phalanx.evidence import calibrate_p_mixed, mean
from phalanx.model import Evidence, ExactEvidence, Inconclusive

Source = Literal["served", "mark", "log-probabilities", "statistics"]

ORDER: tuple[Source, ...] = ("served", "mark", "log-probabilities", "statistics")
WORDS: dict[Source, str] = {
    "served": "consistent with what was served",
    "mark": "consistent with a text that bears the mark",
    "log-probabilities": "consistent with our model's writing",
    "statistics": "consistent with a model's writing",
}
NULL = (
    "The text was written without what was served and without the key of the mark, by a human who "
    "wrote as the authors of the reference wrote."
)
ASSUMPTION = "The level is shared evenly by all kinds of evidence that were asked for."


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of evidence."""

    source: Source
    evidence: Evidence | Inconclusive


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What all of them say together."""

    words: str
    """`consistent with ...`, `not told apart`, or `not evaluable`."""

    decided_by: Source | None
    steps: tuple[Step, ...]
    """In the order in which they count."""

    log10_p: float | None
    """Of the null hypothesis that holds only if all of theirs do; null where none is evaluable."""

    log10_e: float | None
    """Of the same: the mean of their e-values, whatever their dependence; nothing for what was not
    evaluable."""


def fused(steps: Sequence[Step], level: float) -> Statement:
    """Put the evidence about a text together.

    Null hypothesis: those of all steps hold.

    Parameters:
        steps: Each source at most once.
        level: Chance of any false statement about a text, at most.

    Raises:
        ValueError: If a source comes twice, or there is none.

    Examples:
        >>> nothing = Inconclusive(reason="too short", reachable_log10_e=0.0)
        >>> fused([Step("served", nothing)], 0.01).words
        'not evaluable'
    """
    sources = [step.source for step in steps]
    if not steps or len(set(sources)) < len(sources):
        message = "a statement needs evidence, and each kind of it once"
        raise ValueError(message)
    ordered = tuple(sorted(steps, key=lambda step: ORDER.index(step.source)))
    known = [
        (step, step.evidence) for step in ordered if not isinstance(step.evidence, Inconclusive)
    ]
    if not known:
        return Statement(
            words="not evaluable", decided_by=None, steps=ordered, log10_p=None, log10_e=None
        )
    asked = len(steps)
    needed = math.log10(level / asked) + 1e-12
    decided = next((step.source for step, each in known if each.log10_p <= needed), None)
    smallest = min(each.log10_p for _, each in known)
    return Statement(
        words="not told apart" if decided is None else WORDS[decided],
        decided_by=decided,
        steps=ordered,
        log10_p=min(0.0, smallest + math.log10(asked)),
        log10_e=mean([each.log10_e for _, each in known]) + math.log10(len(known) / asked),
    )


def statistics_of(judgement: Judgement, method: str) -> ExactEvidence | Inconclusive:
    """Return the rank of a document among humans as evidence.

    Parameters:
        judgement: Of the document.
        method: Name and version of the detector's method.
    """
    if judgement.log10_p is None:
        return Inconclusive(reason=judgement.reason, reachable_log10_e=0.0)
    rule = CodeLikeModels if judgement.document.kind == "code" else TextLikeModels
    least = -math.log10(judgement.reference_size + 1)
    return ExactEvidence(
        rule_id=rule.rule_id,
        name=rule.name,
        family="statistics",
        null_hypothesis="A human wrote the document as the authors of the reference wrote theirs.",
        observation=f"ranks at {10.0**judgement.log10_p:.2g} among {judgement.reference_size:,} "
        f"human documents of {judgement.domain}",
        log10_e=float(calibrate_p_mixed(judgement.log10_p)),
        reachable_log10_e=float(calibrate_p_mixed(least)),
        sample_size=judgement.size,
        reference_size=judgement.reference_size,
        method=method,
        assumptions=(
            "A human document that is asked about and those of its cell are exchangeable.",
        ),
        decisive=True,
        exact_log10_p=judgement.log10_p,
    )
