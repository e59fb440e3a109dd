"""Which keys' outputs a model holds, given the evidence of each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from phalanx.model import Evidence
from phalanx.watermark.audit.plan import Plan
from phalanx.watermark.audit.winners import Floats
from phalanx.watermark.detection.decoys import decoys_ahead
from phalanx.watermark.rules import StudentOfMarkedOutputs

NULL_HYPOTHESIS = (
    "No text that this key has marked went into the suspect, or into what it looks up, quotes or "
    "passes on."
)

ASSUMPTIONS = (
    "Numbers of the scheme's keyed function cannot be told from random ones without the key.",
    "The plan, with its keys and prompts, was fixed before the suspect was asked.",
    (
        "No other plan about this suspect was tried and kept back: the level is that of this plan "
        "alone, and as many plans have as many chances."
    ),
    "The reference, and whoever made the suspect, could not ask for scores under the key.",
    "Who trained on texts of the key may have got them from others than those they were served to.",
    (
        "A suspect that quotes pages, looks texts up or passes questions on shows their marks "
        "untrained: only weights that are run alone rule that out."
    ),
)
"""What must hold for the e-values to mean what they say, and what they do not say."""

_NO_COMMITMENT = (
    "The plan names no commitment to its keys: that they were these before the suspect was asked "
    "is the auditor's word, unless a commitment that names the plan was published beside it."
)
_UNMARKED = (
    "No key of the plan has marked, or was used to choose, what the suspect has read or was asked."
)
_NO_TOKENIZER = (
    "The plan names no tokenizer: that token numbers stand for the texts is the auditor's word."
)
_NO_MARKED = (
    "The plan holds no digest of the marked model: that it was this model is the auditor's word."
)
_NO_REFERENCE = (
    "The plan holds no digest of the reference: that it was this model is the auditor's word."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyVerdict:
    """What an audit says of one key."""

    key_id: str
    """Name of the key."""

    log10_e: float
    """Base-10 logarithm of its e-value, of this key alone."""

    decoys_ahead: int
    """Random keys whose e-value is at least as large."""

    named: bool
    """Whether texts of this key went into the suspect, or into what it looks up, quotes or passes
    on, at the level of the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The outcome of an audit, whole: every key of the plan is in it."""

    plan: Plan
    """What was fixed before."""

    places: int
    """Tokens, or contexts, that counted."""

    read: int
    """Answers to prompts of the plan, or documents of it, that were there."""

    keys: tuple[KeyVerdict, ...]
    """In the order of the plan."""

    needed_log10_e: float
    """e-value that names a key: keys asked about over the level, base-10 logarithm."""

    decoys_log10_e: tuple[float, ...]
    """e-values of the random keys, in their order, base-10 logarithms."""

    answers_digest: str = ""
    """`prompts_digest` of what the suspect answered; empty where it was made to read."""

    @property
    def largest_decoy_log10_e(self) -> float | None:
        """Largest e-value of a random key; null without decoys."""
        return max(self.decoys_log10_e, default=None)

    @property
    def evaluable(self) -> bool:
        """Whether as much was read as the plan wants; else no key is named."""
        return self.read >= self.plan.least

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What must hold for the e-values to mean what they say."""
        plan = self.plan
        found = [*ASSUMPTIONS, *chosen_among(plan, self.read)]
        if plan.gathered:
            found.append(_UNMARKED)
        if not plan.key_commitment:
            found.append(_NO_COMMITMENT)
        if not plan.reference_digest and plan.mode != "sums":
            found.append(_NO_REFERENCE)
        if not plan.tokenizer_digest:
            found.append(_NO_TOKENIZER)
        if plan.raced and not plan.marked_digest:
            found.append(_NO_MARKED)
        return tuple(found)

    def evidence(self) -> tuple[Evidence, ...]:
        """Return the evidence of each key.

        A key may have been picked for its strength: its e-value is divided by the number of keys,
        which the mean over them is never below. Where a random key reaches as much, no place
        counted, or too little was read, the e-value is at most one, and the evidence is context:
        what cannot name a key here shall convict nobody elsewhere. Both make it smaller, so that it
        stays an e-value.
        """
        return tuple(self._evidence(each) for each in self.keys)

    def _evidence(self, key: KeyVerdict) -> Evidence:
        reason = ""
        if not self.places:
            reason = "; nothing was tested: no place counted"
        elif not self.evaluable:
            reason = (
                f"; not evaluable: {self.read:,} of {self.plan.asked:,} planned were read, "
                f"where the plan wants {self.plan.least:,}"
            )
        elif key.decoys_ahead:
            reason = "; says nothing of the key: random keys reach as much"
        log10_e = key.log10_e - math.log10(len(self.keys))
        return Evidence(
            rule_id=StudentOfMarkedOutputs.rule_id,
            name=StudentOfMarkedOutputs.name,
            family="watermark",
            null_hypothesis=NULL_HYPOTHESIS,
            observation=(
                f"{self.places:,} places under key {key.key_id}; {key.decoys_ahead:,} of "
                f"{self.plan.decoys:,} decoy keys lean as much; one of {len(self.keys):,} "
                f"keys, which the e-value is divided by{reason}"
            ),
            log10_e=min(0.0, log10_e) if reason else log10_e,
            reachable_log10_e=None,
            sample_size=self.places,
            reference_size=self.plan.decoys,
            method=self.plan.method,
            assumptions=self.assumptions,
            decisive=not reason,
        )


def chosen_among(plan: Plan, read: int) -> tuple[str, ...]:
    """Say what must hold of who handed in so many answers, or documents, of a plan.

    Under the null hypothesis the key's numbers are independent of all answers, so any choice among
    them that is made without the key is harmless. One that is made with it is not: for each set of
    answers the e-value has a mean of at most one, so that for the best of *n* sets it is at most
    *n*, and as much may have been gained.

    Examples:
        >>> plan = Plan(
        ...     suspect="x", mode="answers", scheme="phalanx-gumbel-v1", key_ids=("a",),
        ...     key_commitment="", prompts_digest="00" * 32, prompts=2_000, reference="base",
        ...     reference_digest="", level=1e-3, decoys=2, decoy_seed=0, candidates=64,
        ...     places=1000, made_at="2026-11-25T12:00:00Z",
        ... )
        >>> chosen_among(plan, 1_990)[0][-60:]
        'an e-value up to 10^26.4 times as large as it may be called.'
    """
    what = "documents" if plan.mode.startswith("weights") else "answers"
    missing = plan.asked - read
    if missing:
        ways = _log10_ways(plan.asked, missing)
        said = (
            f"{missing:,} of {plan.asked:,} planned {what} are missing. That none was left out for "
            "what it says under a key is the auditor's word: who chose them by a key got an "
            f"e-value up to 10^{ways:.1f} times as large as it may be called."
        )
        return (said,)
    if what == "documents":
        return ()
    said = (
        f"All {plan.asked:,} planned answers are there. That they are the first that came, and no "
        "prompt was asked again for what an answer says under a key, is the auditor's word."
    )
    return (said,)


def _log10_ways(of: int, chosen: int) -> float:
    """Return how many ways there are to choose so many, base-10 logarithm."""
    ways = math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)
    return ways / math.log(10.0)


def conclude(  # noqa: PLR0913 - each is one thing that a report states
    plan: Plan,
    places: int,
    log10_e: Floats,
    decoys_log10_e: Floats,
    *,
    read: int,
    answers_digest: str = "",
) -> Audit:
    """Decide about all keys of a plan together; `run_audit` does all that comes before, too.

    A key is named if its e-value reaches the number of keys over the level (Bonferroni; Markov's
    inequality makes 1/e a p-value), no random key reaches as much, and as much was read as the plan
    wants. The last two can only clear.

    Parameters:
        plan: The plan.
        places: Tokens or contexts that counted.
        log10_e: Of the plan's keys, in their order.
        decoys_log10_e: Of its random keys.
        read: Answers to its prompts, or documents of it, that were there.
        answers_digest: `prompts_digest` of what was answered, if anything was.

    Raises:
        ValueError: If the numbers of keys are not those of the plan, more places counted or more
            was read than it allows, or an e-value is no finite number.

    Examples:
        >>> from phalanx.watermark.audit import Plan
        >>> plan = Plan(
        ...     suspect="x", mode="weights", scheme="phalanx-gumbel-v1", key_ids=("a", "b"),
        ...     key_commitment="", prompts_digest="00" * 32, prompts=30, reference="base",
        ...     reference_digest="", level=1e-3, decoys=2, decoy_seed=0, candidates=64,
        ...     places=1000, made_at="2026-11-25T12:00:00Z",
        ... )
        >>> audit = conclude(plan, 900, np.array([9.0, -1.0]), np.array([0.2, -3.0]), read=30)
        >>> [each.named for each in audit.keys], round(audit.needed_log10_e, 2)
        ([True, False], 3.3)
        >>> [round(each.log10_e, 2) for each in audit.evidence()]
        [8.7, -1.3]
    """
    needed = needed_log10_e(plan)
    return decide(
        plan, places, log10_e, decoys_log10_e, needed, read=read, answers_digest=answers_digest
    )


def needed_log10_e(plan: Plan) -> float:
    """Return the e-value that names a key of a plan, base-10 logarithm."""
    return math.log10(len(plan.key_ids)) - math.log10(plan.level)


def decide(  # noqa: PLR0913 - each is one thing that a report states
    plan: Plan,
    places: int,
    log10_e: Floats,
    decoys_log10_e: Floats,
    needed: float,
    *,
    read: int,
    answers_digest: str = "",
) -> Audit:
    """Decide as `conclude` does, where it was computed before how much names a key."""
    if (log10_e.size, decoys_log10_e.size) != (len(plan.key_ids), plan.decoys):
        message = "the plan asks about other numbers of keys and decoys"
        raise ValueError(message)
    if not 0 <= places <= plan.places:
        message = f"the plan lets {plan.places:,} places count at most, not {places:,}"
        raise ValueError(message)
    if not 0 <= read <= plan.asked:
        message = f"the plan asks for {plan.asked:,} answers or documents, not {read:,}"
        raise ValueError(message)
    if not (np.isfinite(log10_e).all() and np.isfinite(decoys_log10_e).all()):
        message = "an e-value is no finite number: nothing follows from it"
        raise ValueError(message)
    ahead = decoys_ahead(log10_e, decoys_log10_e)
    enough = places > 0 and read >= plan.least
    return Audit(
        plan=plan,
        places=places,
        read=read,
        keys=tuple(
            KeyVerdict(
                key_id=key_id,
                log10_e=float(log10_e[at]),
                decoys_ahead=int(ahead[at]),
                named=bool(enough and log10_e[at] >= needed and ahead[at] == 0),
            )
            for at, key_id in enumerate(plan.key_ids)
        ),
        needed_log10_e=needed,
        decoys_log10_e=tuple(decoys_log10_e.tolist()),
        answers_digest=answers_digest,
    )
