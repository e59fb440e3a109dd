"""What is read, and what is found in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy.typing as npt

from phalanx.evidence import mean
from phalanx.model import ExactEvidence
from phalanx.watermark.schemes.scheme import Setting

Verdict = Literal["marked", "no mark seen", "not evaluable"]
"""`no mark seen` is said only where the text is long enough for the level, at the entropy that
was given, if any was."""

Decider = Literal["law", "decoys", "both"]
"""Whose p-value decides: that of the scheme's law, that of the decoys, or the larger of both."""

METHOD = "exact tail of the sum of scores, rank among decoy keys, Holm, version 1"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """Some documents as one tokenizer reads them."""

    tokenizer: str
    """Name of the tokenizer."""

    documents: Sequence[npt.ArrayLike]
    """Token numbers of each document."""

    known: Sequence[npt.ArrayLike] = ()
    """Token numbers of what counts nowhere: prompts, and what was quoted from them."""

    entropy_nats: float | None = None
    """Mean entropy of the model's choices per token, where logprobs or an estimate are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One test: the documents as read by one tokenizer, one scheme, one key."""

    setting: Setting
    """Of the scheme."""

    key_id: str
    """Name of the key."""

    tokenizer: str
    """Name of the tokenizer."""

    draws: int
    """Tokens that counted."""

    repeats: int
    """Tokens that did not, because they say the same again."""

    total: float
    """Sum of the scores."""

    law_log10_p: float
    """p-value of the scheme's law, base-10 logarithm."""

    decoys: int
    """Random keys that were tried beside this one."""

    decoys_ahead: int
    """Random keys whose total is at least as large."""

    decided_by: Decider
    """Whose p-value decides."""

    log10_p: float
    """The p-value that decides, of this test alone, base-10 logarithm."""

    adjusted_log10_p: float
    """The same after Holm's correction over the family, base-10 logarithm."""

    log10_e: float
    """Mixture likelihood ratio of the p-value that decides, base-10 logarithm."""

    family: int
    """Tests that were asked for together."""

    level: float
    """Chance of any false finding of the family that was accepted beforehand."""

    verdict: Verdict
    """The answer."""

    reason: str
    """Why a text without a finding cannot be judged, or what decided; in words."""

    def evidence(self) -> ExactEvidence:
        """Return the finding as evidence.

        It may have been picked for its strength: its p-value is that after Holm's correction, and
        its e-value is divided by the family, which the mean over the family is never below.
        """
        return ExactEvidence(
            rule_id="PHX-W001" if self.family == 1 else "PHX-W002",
            name="mark in a text" if self.family == 1 else "mark of one of many keys",
            family="watermark",
            null_hypothesis=self.setting.null_hypothesis,
            observation=(
                f"{self.draws:,} draws of {self.setting.name} under key {self.key_id}, read by "
                f"{self.tokenizer}, total {self.total:.4g}; {self.repeats:,} repeats do not "
                f"count; {self.decoys_ahead:,} of {self.decoys:,} decoy keys score as much; one "
                f"of {self.family:,} tests"
            ),
            log10_e=self.log10_e - math.log10(self.family),
            reachable_log10_e=None,
            sample_size=self.draws,
            reference_size=self.decoys,
            method=METHOD,
            assumptions=self.setting.assumptions,
            decisive=self.verdict != "not evaluable",
            exact_log10_p=self.adjusted_log10_p,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """The answer to all that was asked together."""

    findings: tuple[Finding, ...]
    """One for each test, the strongest first."""

    level: float
    """Chance of any false finding that was accepted beforehand."""

    @property
    def marked(self) -> tuple[Finding, ...]:
        """Findings that name a mark."""
        return tuple(each for each in self.findings if each.verdict == "marked")

    @property
    def log10_e(self) -> float:
        """e-value against the null that no key of the family marked the text, base-10 logarithm.

        The mean over the tests, which may depend on each other. It may be multiplied by that of
        other texts: other days, other providers.
        """
        return mean([each.log10_e for each in self.findings]) if self.findings else 0.0
