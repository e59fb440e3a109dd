"""Outcomes of tests as evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from phalanx.evidence import calibrate_p_mixed, holm
from phalanx.model import ExactEvidence, Inconclusive
from phalanx.provenance.tests.coins import Coins

_DRAWN = (
    "The initial values of the two models were drawn independently of each other: neither the two "
    "nor anything that went into them began from one public model, or from one seed."
)
_EQUAL = "Training treated units of one kind alike, as every common optimiser does."
_ORDER = "Nobody has sorted the units of both models by what their weights are."
_AT_RANDOM = (
    "Pairs by one part are, given those by the other, as good as drawn at random; checked with "
    "decoys on these two models."
)

_FEWEST_TOSSES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A test that is asked, with what stands in its evidence whatever comes out."""

    rule_id: str
    """Its rule."""

    name: str
    """Short name of what would be seen."""

    seen: str
    """What heads of its coins, or common pairs, are."""

    null_hypothesis: str
    """In words."""

    assumptions: tuple[str, ...]
    """What must hold."""

    method: str
    """Name and version."""

    decisive: bool = True
    """Whether it may decide, or is told for reading."""


_NULL = "The suspect was made without our weights"

TESTS: Mapping[str, Test] = {
    each.rule_id: each
    for each in (
        Test(
            rule_id="PHX-P001",
            name="neurons in the same places",
            seen="pairs of neurons are more alike as they stand than exchanged",
            null_hypothesis=f"{_NULL}: exchanging neurons changes nothing.",
            assumptions=(_DRAWN, _EQUAL, _ORDER),
            method="swap coins of neurons, exact binomial 1",
        ),
        Test(
            rule_id="PHX-P002",
            name="up-rows of neurons found by their gates",
            seen="neurons paired by their gates agree in the sign of their up-rows",
            null_hypothesis=f"{_NULL}: the sign of each up-row is a fair coin.",
            assumptions=(_DRAWN, _EQUAL),
            method="sign coins of up-rows, exact binomial 1",
        ),
        Test(
            rule_id="PHX-P003",
            name="neurons paired alike by two of their parts",
            seen="pairs are the same by both",
            null_hypothesis=f"{_NULL}: pairs by one part agree with those by another by chance.",
            assumptions=(
                _DRAWN,
                _EQUAL,
                _AT_RANDOM,
            ),
            method="common pairs of mutual nearest neighbours, law of matchings 1",
        ),
        Test(
            rule_id="PHX-P004",
            name="heads in the same places",
            seen="pairs of heads are more alike as they stand than exchanged",
            null_hypothesis=f"{_NULL}: exchanging heads changes nothing.",
            assumptions=(_DRAWN, _EQUAL, _ORDER),
            method="swap coins of heads, exact binomial 1",
        ),
        Test(
            rule_id="PHX-P005",
            name="coordinates of the embedding in the same places",
            seen="pairs of coordinates are more alike as they stand than exchanged",
            null_hypothesis=f"{_NULL}: exchanging coordinates of the stream changes nothing.",
            assumptions=(_DRAWN, _EQUAL, _ORDER),
            method="swap coins of embedding columns, exact binomial 1",
        ),
        Test(
            rule_id="PHX-P006",
            name="a block of neurons anywhere in the suspect",
            seen="pairs of blocks are kin",
            null_hypothesis=f"{_NULL}: no block of it comes from any of ours.",
            assumptions=(_DRAWN, _EQUAL, _ORDER),
            method="coins of every pair of blocks, Holm over pairs 1",
        ),
        Test(
            rule_id="PHX-P007",
            name="rows of matrices of one shape",
            seen="pairs of rows are more alike as they stand than exchanged",
            null_hypothesis=f"{_NULL}: exchanging rows of its matrices changes nothing.",
            assumptions=(_DRAWN, _EQUAL, _ORDER, "The order of these rows means nothing."),
            method="swap coins of rows, exact binomial 1",
            decisive=False,
        ),
    )
}
OVER_VOCABULARY = ", over the vocabulary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one test came to."""

    test: Test
    """The test."""

    where: str
    """In which coordinates, if not as the models stand; empty else."""

    blocks: int
    """Blocks, layers or matrices that were compared."""

    said: str
    """What was seen, in words and numbers."""

    size: int
    """Comparisons."""

    log10_p: float
    """Before correction, base-10 logarithm."""

    reason: str = ""
    """Why it says nothing, if so."""

    reachable_log10_p: float | None = None
    """Smallest that it could have come to, base-10 logarithm; null where nothing simple bounds
    it."""


Result = tuple[Outcome, ExactEvidence | Inconclusive]
"""A test and what it says."""


def of_coins(asked: Test | str, where: str, coins: Coins, blocks: int, reason: str = "") -> Outcome:
    """Return the outcome of a test by coins.

    Parameters:
        asked: The test, or the rule of one of ours.
        where: In which coordinates, if not as the models stand.
        coins: What it came to.
        blocks: Blocks, layers or matrices that were compared.
        reason: Why it says nothing, if so.
    """
    test = TESTS[asked] if isinstance(asked, str) else asked
    if not reason and coins.tosses < _FEWEST_TOSSES:
        reason = f"{coins.tosses} comparisons, and at least {_FEWEST_TOSSES} are needed"
    return Outcome(
        test=test,
        where=where,
        blocks=blocks,
        said=f"{coins.heads:,} of {coins.tosses:,} {test.seen} ({of_blocks(blocks)})",
        size=coins.tosses,
        log10_p=coins.log10_p,
        reason=reason,
        reachable_log10_p=-coins.tosses * float(np.log10(2.0)),
    )


def of_blocks(number: int) -> str:
    """Return a number of blocks in words.

    Examples:
        >>> of_blocks(1), of_blocks(8)
        ('1 block', '8 blocks')
    """
    return f"{number:,} block{'' if number == 1 else 's'}"


def conclude(outcomes: Sequence[Outcome]) -> tuple[Result, ...]:
    """Return the evidence of all tests that were planned, corrected for their number (Holm).

    Parameters:
        outcomes: Every test, those that could not be asked as well.
    """
    asked = np.array([0.0 if each.reason else each.log10_p for each in outcomes])
    adjusted = holm(asked)
    return tuple(
        (each, _inconclusive(each) if each.reason else _evidence(each, log10_p, corrected))
        for each, log10_p, corrected in zip(
            outcomes, asked.tolist(), adjusted.tolist(), strict=True
        )
    )


def _inconclusive(outcome: Outcome) -> Inconclusive:
    return Inconclusive(
        reason=f"{outcome.test.name}{outcome.where}: {outcome.reason}",
        reachable_log10_e=max(0.0, _reachable_log10_e(outcome) or 0.0),
    )


def _reachable_log10_e(outcome: Outcome) -> float | None:
    reachable = outcome.reachable_log10_p
    return None if reachable is None else float(calibrate_p_mixed(reachable))


def _evidence(outcome: Outcome, log10_p: float, adjusted_log10_p: float) -> ExactEvidence:
    return ExactEvidence(
        rule_id=outcome.test.rule_id,
        name=outcome.test.name + outcome.where,
        family="provenance",
        null_hypothesis=outcome.test.null_hypothesis,
        observation=outcome.said,
        log10_e=float(calibrate_p_mixed(log10_p)),
        reachable_log10_e=_reachable_log10_e(outcome),
        sample_size=outcome.size,
        reference_size=0,
        method=outcome.test.method,
        assumptions=outcome.test.assumptions,
        decisive=outcome.test.decisive,
        exact_log10_p=adjusted_log10_p,
    )
