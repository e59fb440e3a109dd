"""How likely so many common phrases are, if a text owes nothing to what was served.

Texts on one subject share words, and who answers the same question quotes the same question. So
the null hypothesis is not that phrases fall like coins: it is that two texts on one subject were
written without each other. Of the phrases of the smaller of two parts, another text on the subject
holds a share that differs from pair to pair; it follows a beta law, whose two numbers were taken
from texts that were written without each other to the same tasks.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, gammaln, logsumexp

from phalanx.authorship.served.phrases import MOST_KEPT

SHARED, NOT_SHARED = 1.0, 9.0
"""Of the beta law of the share that two texts on one subject have in common: mean 10 %, and above
40 % for one pair in a hundred. `bench/authorship_index.py` measures how far it lies above what such
texts share."""

LEAST_PHRASES = 12
"""Of the smaller of two parts, below which nothing is said."""

Floats = npt.NDArray[np.float64]


def log10_chance_of_share(common: int, phrases: int) -> float:
    """Return how likely it is that two texts on one subject share at least so many phrases.

    Null hypothesis: the two were written without each other. That they share one phrase is given:
    it is why they are compared.

    Parameters:
        common: Phrases of the smaller part that the other holds too, at least 0.
        phrases: Of the smaller part, at least `common`.

    Returns:
        Base-10 logarithm, at most 0, of the tail of a beta-binomial law.

    Raises:
        ValueError: If a number is out of range.

    Examples:
        >>> log10_chance_of_share(1, 60)
        0.0
        >>> round(log10_chance_of_share(12, 60), 1), round(log10_chance_of_share(50, 60), 1)
        (-0.7, -5.7)
    """
    if not 0 <= common <= phrases:
        message = f"{common} common phrases of {phrases}"
        raise ValueError(message)
    if common <= 1:
        return 0.0
    trials = phrases - 1
    counts = np.arange(common - 1, trials + 1)
    logs = (
        gammaln(trials + 1)
        - gammaln(counts + 1)
        - gammaln(trials - counts + 1)
        + betaln(counts + SHARED, trials - counts + NOT_SHARED)
        - betaln(SHARED, NOT_SHARED)
    )
    return min(0.0, float(logsumexp(logs)) / math.log(10.0))


@cache
def chances() -> Floats:
    """Return `log10_chance_of_share` of all numbers up to twice `MOST_KEPT`: [phrases, common].

    Where the smaller part has fewer than `LEAST_PHRASES` it is 0: nothing is said.
    """
    most = 2 * MOST_KEPT
    table = np.zeros((most + 1, most + 1))
    for phrases in range(LEAST_PHRASES, most + 1):
        for common in range(2, phrases + 1):
            table[phrases, common] = log10_chance_of_share(common, phrases)
        table[phrases, phrases + 1 :] = table[phrases, phrases]
    table.setflags(write=False)
    return table


def log10_chance_of_match(log10_share: float, candidates: int, parts: int) -> float:
    """Return how likely the best of many matches is by chance.

    Parameters:
        log10_share: Chance of the best one by itself.
        candidates: Entries of the index that share a phrase with the part of the text: one of them
            is the best, and any may have been.
        parts: Of the text, each of which was looked up.

    Returns:
        Base-10 logarithm, at most 0, by the union bound.

    Examples:
        >>> round(log10_chance_of_match(-12.0, 1000, 10), 6)
        -8.0
    """
    return min(0.0, log10_share + math.log10(max(candidates, 1)) + math.log10(max(parts, 1)))
