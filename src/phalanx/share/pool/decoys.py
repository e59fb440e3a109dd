"""Does a member tell the truth? An audit by tokens behind which there is nothing.

A *decoy* is a token of an identifier that the auditors know to be harmless: of accounts which they
run at a member, with marks in common and ordinary use, or of nobody at all, slipped into lists
that members receive. Members cannot tell decoys from other tokens. Accounts of auditors are
operated together indeed, so that only what is said of their use is audited; without that nobody
is accused.

Null hypothesis about a member: what it says of the use behind a decoy is an e-value, as a scan
makes it; that is, given all earlier rounds its mean is at most one. An honest member rejects it
with a probability of at most the level, over all rounds together. One who submits large values on
everything, or on what others published, meets decoys.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate

from phalanx.evidence import mean
from phalanx.evidence.combination import log_sum

STAKES = (0.1, 0.5, 0.9, 0.99)
"""Shares of the capital that are bet in every round; the capitals are averaged."""

_LN10 = math.log(10.0)


def round_log10_e(log10_uses: Sequence[float]) -> float | None:
    """Return a member's evidence on the decoys of one round.

    Decoys of one log share a reference, so their values are averaged: valid under any dependence.

    Parameters:
        log10_uses: What it says of the use behind each decoy of whose accounts it said nothing
            in an earlier round, so that rounds are about different accounts.

    Returns:
        log10 of the mean; null where it met no decoy.

    Examples:
        >>> round_log10_e([0.0, 0.0]), round_log10_e([])
        (0.0, None)
    """
    return mean(log10_uses) if log10_uses else None


def audit_log10_e(rounds: Sequence[float]) -> float:
    r"""Bet against a member, round by round.

    Null hypothesis: given the rounds before it, the mean of each round's value is at most one.

    $$M = \operatorname{mean}_\lambda \prod_r (1 + \lambda (e_r - 1))$$

    is a non-negative supermartingale from 1, so that it exceeds 1/level in any round
    with a probability of at most the level (Ville), whenever one looks.

    Parameters:
        rounds: log10 of the values of `round_log10_e`, in order.

    Returns:
        log10 M; 0 before the first round.

    References:
        Waudby-Smith & Ramdas, "Estimating means of bounded random variables by betting", JRSS B
        86 (2024), section 4; Vovk & Wang, Annals of Statistics 2021, section 4.

    Examples:
        >>> round(audit_log10_e([3.0]), 2), round(audit_log10_e([0.0] * 9), 2)
        (2.79, 0.0)
    """
    return _after_each(rounds)[-1]


def largest_audit_log10_e(rounds: Sequence[float]) -> float:
    """Return the largest evidence against a member after any round.

    The inequality of Ville is about the largest capital, so that who has failed once stays so
    whatever it says later.

    Parameters:
        rounds: log10 of the values of `round_log10_e`, in order.

    Examples:
        >>> round(largest_audit_log10_e([3.0, -300.0]), 2), largest_audit_log10_e([])
        (2.79, 0.0)
    """
    return max(_after_each(rounds))


def needed_log10_e(place: int, level: float) -> float:
    """Return what evidence against one member must reach.

    Members join while the audit goes on. The one that was audited as the i-th is held to the
    part 6 / (π² i²) of the level; the parts of all who may ever come add up to one.

    Parameters:
        place: Of the member among those that were ever audited, from 1; it never changes.
        level: In (0, 1).

    Examples:
        >>> [round(needed_log10_e(place, 0.01), 2) for place in (1, 2, 4, 10)]
        [2.22, 2.82, 3.42, 4.22]
    """
    return math.log10(math.pi**2 * place**2 / 6.0 / level)


def distrusted(rounds: Mapping[str, Sequence[float]], level: float) -> list[str]:
    """Return the members whose submissions on decoys cannot be e-values.

    Parameters:
        rounds: Member -> log10 of its values, in order of rounds; members in the order in which
            they were first audited.
        level: Probability that any honest member is ever among them, in (0, 1), over all rounds
            and all members that may ever join.

    Examples:
        >>> distrusted({"a": [4.0], "b": [0.0], "c": []}, 0.01)
        ['a']
    """
    return sorted(
        member
        for place, (member, values) in enumerate(rounds.items(), start=1)
        if largest_audit_log10_e(values) >= needed_log10_e(place, level)
    )


def _after_each(rounds: Sequence[float]) -> list[float]:
    """Return log10 M before the first round and after each."""
    capitals = (
        accumulate([_log_factor(stake, level * _LN10) for level in rounds], initial=0.0)
        for stake in STAKES
    )
    return [
        (log_sum(list(each)) - math.log(len(STAKES))) / _LN10
        for each in zip(*capitals, strict=True)
    ]


def _log_factor(stake: float, log_e: float) -> float:
    """Return log(1 - stake + stake e) without overflow."""
    return log_sum([math.log1p(-stake), math.log(stake) + log_e])
