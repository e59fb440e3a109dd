"""What is read, and what is found in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy.typing as npt

from phalanx.evidence import mean
from phalanx.model import ExactEvidence
from phalanx.watermark.rules import MarkInText, MarkOfManyKeys
from phalanx.watermark.schemes.scheme import Setting

Verdict = Literal["marked", "no mark seen", "not evaluable"]
"""`no mark seen` is said only where the text is long enough for the level, at the entropy that
was given, or at `ASSUMED_NATS` where none was."""

Decider = Literal["law", "decoys", "both"]
"""Whose p-value decides: that of the scheme's law, that of the decoys, or the larger of both."""

_RANDOM_KEY = "The key was drawn at random, as a vault derives keys: only then is its rank exact."
_LAW_DECIDES = (
    "The scheme's law decides here, and decoys did not contradict it: its hash is taken to behave "
    "like a random one on this text."
)
_NO_DECOYS = "No decoy keys were tried: nothing tests the scheme's law on this text."

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

    families: int = 1
    """Families that share the level in equal parts; p-values are corrected for that too."""

    document: int | None = None
    """Which of several documents was tested alone, from 0; null for all together."""

    level: float
    """Chance of any false finding of the family that was accepted beforehand."""

    verdict: Verdict
    """The answer."""

    reason: str
    """Why a text without a finding cannot be judged, what decided, or what was assumed; in
    words."""

    assumed_nats: float | None = None
    """Entropy per token that the verdict rests on because none was given; null if one was, or a
    mark was seen."""

    def evidence(self) -> ExactEvidence:
        """Return the finding as evidence.

        It may have been picked for its strength: its p-value is that after Holm's correction, and
        its e-value is divided by the family, which the mean over the family is never below.
        """
        rule = MarkInText if self.family == 1 else MarkOfManyKeys
        return ExactEvidence(
            rule_id=rule.rule_id,
            name=rule.name,
            family="watermark",
            null_hypothesis=self.setting.null_hypothesis,
            observation=(
                f"{self.draws:,} draws of {self.setting.name} under key {self.key_id}, read by "
                f"{self.tokenizer}, total {self.total:.4g}; {self.repeats:,} repeats do not "
                f"count; {self.decoys_ahead:,} of {self.decoys:,} decoy keys score as much; one "
                f"of {self.family:,} tests{_beside(self.families)}"
            ),
            log10_e=self.log10_e - math.log10(self.family * self.families),
            reachable_log10_e=None,
            sample_size=self.draws,
            reference_size=self.decoys,
            method=METHOD,
            assumptions=(
                *self.setting.assumptions,
                *_of_decoys(self.decoys, self.decided_by),
                *(() if self.assumed_nats is None else (_of_entropy(self.assumed_nats),)),
            ),
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

        The mean over the tests, which may depend on each other. It must not be multiplied by that
        of other texts: what texts share, such as a licence or a quotation, would count once in
        each. Pass all texts in one call, where it counts once.
        """
        return mean([each.log10_e for each in self.findings]) if self.findings else 0.0


def _of_entropy(assumed_nats: float) -> str:
    return (
        f"No entropy was given: {assumed_nats:.2g} nats a token are assumed. In a text of less a "
        "mark may be there that is not seen."
    )


def _beside(families: int) -> str:
    return "" if families == 1 else f", in one of {families} families that share the level"


def _of_decoys(decoys: int, decider: Decider) -> tuple[str, ...]:
    """Return what the use of decoys assumes."""
    if not decoys:
        return (_NO_DECOYS,)
    return (_RANDOM_KEY, _LAW_DECIDES) if decider == "law" else (_RANDOM_KEY,)
