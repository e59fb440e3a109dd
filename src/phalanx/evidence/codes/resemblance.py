"""Whose codewords does something resemble too much?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence.codes.tardos import Code
from phalanx.evidence.combination import calibrate_p_mixed
from phalanx.evidence.holm import holm
from phalanx.evidence.tails import bits_log10_sf

GRID = 16.0
"""Scores are whole numbers of a sixteenth, so that their law is computed and not approximated."""

_CELLS = 1 << 22
"""Bits of codewords that are held at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resemblance:
    """How much something resembles the word of one account."""

    account: str
    """The account, or another holder of a word."""

    score: float
    """Its accusation sum."""

    log10_p: float
    """p-value of the account alone, base-10 logarithm."""

    adjusted_log10_p: float
    """After Holm's correction over all accounts, base-10 logarithm."""

    log10_e: float
    """Mixture likelihood ratio of the p-value, base-10 logarithm."""

    accused: bool
    """Whether the adjusted p-value is at most the chance of a false accusation of the plan."""


def weigh_words(
    lean: npt.NDArray[np.float64], code: Code, accounts: Sequence[str]
) -> tuple[Resemblance, ...]:
    r"""Test every account's codeword against what leans to bits.

    Null hypothesis of each account: its codeword was drawn independently of what leans.

    A place that leans to one by $w \in [-1, 1]$ adds $w \sqrt{(1 - b) / b}$ to accounts with a
    one and $-w \sqrt{b / (1 - b)}$ to those with a zero, $b$ being its bias; an erasure adds
    nothing. Given the leaning and the biases, an innocent account's sum is one of independent
    bits with known chances, whose tail is added up exactly. So the chance that anyone innocent
    is accused is at most that of the plan, whatever leans and however many pooled their copies.

    All accounts of the plan count in Holm's correction, even if only some are given. His argument
    asks only that the first innocent account in order, after `k` others, is held to the level over
    all accounts less `k`, and innocents are never more than that: whoever picks who is given, and
    by whatever, the chance to accuse any of them falsely is the level.

    Parameters:
        lean: Of each place, from -1 for zero to 1 for one; 0 where nothing is known.
        code: Of the accounts.
        accounts: That are tested.

    Returns:
        One for each account, the strongest first.

    Raises:
        ValueError: If there are other places than the code has, or an account is named twice.

    Examples:
        >>> from phalanx.evidence.codes import plan_code
        >>> code = Code(plan_code(3, 1), bytes(32))
        >>> lean = np.where(code.words(["b"])[0], 0.8, -0.8)
        >>> [(each.account, each.accused) for each in weigh_words(lean, code, ["a", "b", "c"])]
        [('b', True), ('c', False), ('a', False)]
    """
    if lean.size != code.plan.length:
        message = f"there are {lean.size} places, and the code has {code.plan.length}"
        raise ValueError(message)
    if len(set(accounts)) != len(accounts):
        message = "an account is named twice"
        raise ValueError(message)
    one, zero = scores_of_bits(lean, code.biases)
    totals = _totals(code, accounts, one, zero)
    logs = innocent_log10_sf(totals, lean, code.biases)
    adjusted = holm(logs, family=max(len(accounts), code.plan.accounts))
    log10_e = calibrate_p_mixed(logs)
    limit = np.log10(code.plan.false_accusation)
    found = [
        Resemblance(
            account=account,
            score=float(totals[at]) / GRID,
            log10_p=float(logs[at]),
            adjusted_log10_p=float(adjusted[at]),
            log10_e=float(log10_e[at]),
            accused=bool(adjusted[at] <= limit),
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
    one, zero = scores_of_bits(lean, biases)
    least = np.minimum(one, zero)
    chances = np.where(one > zero, biases, 1.0 - biases)
    return bits_log10_sf(totals - least.sum(), np.abs(one - zero), chances)


def scores_of_bits(
    lean: npt.NDArray[np.float64], biases: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return what each place adds, in sixteenths: to accounts with a one, and with a zero."""
    odds = np.sqrt((1.0 - biases) / biases)
    return (
        np.rint(GRID * lean * odds).astype(np.int64),
        np.rint(-GRID * lean / odds).astype(np.int64),
    )
