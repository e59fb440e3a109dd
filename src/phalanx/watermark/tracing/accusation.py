"""Whose codewords does a corpus resemble too much?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence.codes import Code, weigh_words
from phalanx.model import ExactEvidence
from phalanx.watermark.rules import TracedAccount
from phalanx.watermark.tracing.slots import SlotReading

_CHANCE = 0.7
"""Strength of a key that chance alone often gives: it keeps places without evidence quiet."""

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
    """Test every account's codeword against a corpus.

    Null hypothesis of each account: its codeword was drawn independently of the corpus.

    An account's score is `phalanx.evidence.codes.weigh_words`'s, of how much each place leans. So
    the chance that anyone is accused whose text is not there is at most that of the plan,
    whatever the corpus is and however many pooled their texts. All accounts of the plan count in
    the correction, even if only some are given: who are the strongest of a register is known from
    the corpus. Only the chance to catch them rests on the length of the code, on their number, and
    on this: where all of their words agree, their texts show that bit or none.

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
        >>> from phalanx.evidence.codes import plan_code
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
    lean = leaning(reading)
    family = max(len(accounts), code.plan.accounts)
    return tuple(
        Accusation(
            account=each.account,
            score=each.score,
            log10_p=each.log10_p,
            adjusted_log10_p=each.adjusted_log10_p,
            log10_e=each.log10_e,
            accused=each.accused,
            places=int(np.count_nonzero(lean)),
            accounts=family,
        )
        for each in weigh_words(lean, code, accounts)
    )


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
