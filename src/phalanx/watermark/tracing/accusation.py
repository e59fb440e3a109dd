"""Whose codewords does a corpus resemble too much?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence import calibrate_p_mixed
from phalanx.evidence.tails import bits_log10_sf
from phalanx.model import ExactEvidence
from phalanx.watermark.rules import TracedAccount
from phalanx.watermark.tracing.code import Code
from phalanx.watermark.tracing.slots import SlotReading

_CHANCE = 0.7
"""Strength of a key that chance alone often gives: it keeps places without evidence quiet."""

_GRID = 16.0
"""Scores are whole numbers of a sixteenth, so that their law is computed and not approximated."""

_CELLS = 1 << 22
"""Bits of codewords that are held at once."""

_NULL = (
    "The account's codeword was drawn independently of the corpus: none of the text was served to "
    "it."
)
_ASSUMPTIONS = (
    "Codewords cannot be told from independent random bits by whoever made the corpus.",
    "Nothing is assumed of the corpus: those whose texts are in it may mix, drop or change them.",
)
_METHOD = "symmetric Tardos accusation with soft places, exact tail, Holm, version 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accusation:
    """What the corpus says of one account."""

    account: str
    """The account."""

    score: float
    """Its accusation sum."""

    log10_p: float
    """p-value of the account alone, base-10 logarithm."""

    adjusted_log10_p: float
    """After Holm's correction over `accounts`, base-10 logarithm."""

    log10_e: float
    """Mixture likelihood ratio of the p-value, base-10 logarithm."""

    accused: bool
    """Whether the adjusted p-value is at most the chance of a false accusation of the plan."""

    places: int
    """Places of the code where the corpus has anything to say."""

    accounts: int
    """Accounts that count in the correction: those of the plan, or more if more were tested."""

    def evidence(self) -> ExactEvidence:
        """Return the accusation as evidence, which does not name the account.

        The p-value is that after Holm's correction, the e-value divided by the accounts: it may
        have been picked among them. Where the corpus says nothing at any place, nothing was tested
        and it is context.
        """
        reason = "" if self.places else "; nothing was tested: the corpus says nothing at any place"
        return ExactEvidence(
            rule_id=TracedAccount.rule_id,
            name=TracedAccount.name,
            family="watermark",
            null_hypothesis=_NULL,
            observation=(
                f"accusation sum {self.score:.4g} over {self.places:,} places of the code; one of "
                f"{self.accounts:,} accounts{reason}"
            ),
            log10_e=self.log10_e - math.log10(self.accounts),
            reachable_log10_e=None,
            sample_size=self.places,
            reference_size=self.accounts,
            method=_METHOD,
            assumptions=_ASSUMPTIONS,
            decisive=not reason,
            exact_log10_p=self.adjusted_log10_p,
        )


def accuse(reading: SlotReading, code: Code, accounts: Sequence[str]) -> tuple[Accusation, ...]:
    r"""Test every account's codeword against a corpus.

    Null hypothesis of each account: its codeword was drawn independently of the corpus.

    A place that leans to one by $w \in [-1, 1]$ adds $w \sqrt{(1 - b) / b}$ to accounts with a
    one and $-w \sqrt{b / (1 - b)}$ to those with a zero, $b$ being its bias; an erasure adds
    nothing. Given corpus and biases, an innocent account's sum is one of independent bits with
    known chances, whose tail is added up exactly. So the chance that anyone is accused whose
    text is not there is at most that of the plan, whatever the corpus is and however many pooled
    their texts. All accounts of the plan count in the correction, even if only some are given: who
    are the strongest of a register is known from the corpus. Only the chance to catch them rests
    on the length of the code, on their number, and on this: where all of their words agree, their
    texts show that bit or none.

    Parameters:
        reading: What the corpus shows.
        code: Of the accounts.
        accounts: All that are registered.

    Returns:
        One for each account, the strongest first.

    Raises:
        ValueError: If the corpus was read for another length of code, or an account is named
            twice.

    Examples:
        >>> from phalanx.watermark.tracing.code import plan_code
        >>> code = Code(plan_code(3, 1), bytes(32))
        >>> word = code.words(["b"])[0]
        >>> sure = np.full(word.size, -9.0)
        >>> seen = SlotReading(np.full(word.size, 9), np.where(word, 0, sure),
        ...     np.where(word, sure, 0))
        >>> [(each.account, each.accused) for each in accuse(seen, code, ["a", "b", "c"])]
        [('b', True), ('c', False), ('a', False)]
    """
    if reading.draws.size != code.plan.length:
        message = f"the corpus was read for {reading.draws.size} places, not {code.plan.length}"
        raise ValueError(message)
    if len(set(accounts)) != len(accounts):
        message = "an account is named twice"
        raise ValueError(message)
    lean = leaning(reading)
    one, zero = _scores(lean, code.biases)
    totals = _totals(code, accounts, one, zero)
    logs = innocent_log10_sf(totals, lean, code.biases)
    family = max(len(accounts), code.plan.accounts)
    adjusted, log10_e = _holm_among(logs, family), calibrate_p_mixed(logs)
    limit = np.log10(code.plan.false_accusation)
    found = [
        Accusation(
            account=account,
            score=float(totals[at]) / _GRID,
            log10_p=float(logs[at]),
            adjusted_log10_p=float(adjusted[at]),
            log10_e=float(log10_e[at]),
            accused=bool(adjusted[at] <= limit),
            places=int(np.count_nonzero(lean)),
            accounts=family,
        )
        for at, account in enumerate(accounts)
    ]
    return tuple(sorted(found, key=lambda each: (each.log10_p, each.account)))


def _totals(
    code: Code,
    accounts: Sequence[str],
    one: npt.NDArray[np.int64],
    zero: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Return each account's sum in sixteenths, holding some codewords at a time."""
    totals = np.empty(len(accounts), dtype=np.int64)
    step = max(1, _CELLS // code.plan.length)
    for start in range(0, len(accounts), step):
        words = code.words(accounts[start : start + step])
        totals[start : start + step] = np.where(words, one, zero).sum(axis=1)
    return totals


def _holm_among(logs: npt.NDArray[np.float64], family: int) -> npt.NDArray[np.float64]:
    """Return p-values after Holm's correction over a family of which some are given.

    Holm's argument asks only that the first innocent account in order, after `k` others, is held
    to the level over `family - k`, and innocents are never more than that: whoever picks which
    accounts are given, and by whatever, the chance to accuse any of them falsely is the level.
    """
    order = np.argsort(logs, kind="stable")
    steps = logs[order] + np.log10(family - np.arange(logs.size))
    adjusted = np.empty_like(logs)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 0.0)
    return adjusted


def leaning(reading: SlotReading) -> npt.NDArray[np.float64]:
    """Return how much each place leans to one (1), to zero (-1) or to neither.

    The root of a p-value's logarithm grows with the share of a key's tokens, so that the
    difference over the sum estimates how many of those who wrote there have a one. Any function
    of the corpus is as valid as any other; this one convicts most where shares are uneven.

    Examples:
        >>> zero, one = np.array([0.0, -9.0, 0.0]), np.array([-9.0, -9.0, 0.0])
        >>> leaning(SlotReading(np.array([9, 9, 0]), zero, one)).round(2).tolist()
        [0.81, 0.0, 0.0]
    """
    zero, one = np.sqrt(np.abs(reading.zero_log10_p)), np.sqrt(np.abs(reading.one_log10_p))
    result: npt.NDArray[np.float64] = (one - zero) / (_CHANCE + one + zero)
    return result


def innocent_log10_sf(
    totals: npt.NDArray[np.int64],
    lean: npt.NDArray[np.float64],
    biases: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Return the chance that an innocent account's sum is at least each total.

    Parameters:
        totals: Sums in sixteenths.
        lean: Of each place, from -1 for zero to 1 for one.
        biases: Chance of a one at each place.

    Returns:
        Base-10 logarithms.
    """
    one, zero = _scores(lean, biases)
    least = np.minimum(one, zero)
    chances = np.where(one > zero, biases, 1.0 - biases)
    return bits_log10_sf(totals - least.sum(), np.abs(one - zero), chances)


def _scores(
    lean: npt.NDArray[np.float64], biases: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return what each place adds to accounts with a one, and to those with a zero."""
    odds = np.sqrt((1.0 - biases) / biases)
    return (
        np.rint(_GRID * lean * odds).astype(np.int64),
        np.rint(-_GRID * lean / odds).astype(np.int64),
    )
