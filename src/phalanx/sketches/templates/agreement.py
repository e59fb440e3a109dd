"""How alike two prompts are, from how many of the 128 values of their sketches agree.

Null hypothesis of a match: the two prompts share at most a given part of their shingles. Each of
the 128 values then agrees by itself with the chance J + (1 - J) / 2^b: because the smallest
shingle is a common one, or because b bits of two different ones are the same.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, logsumexp

from phalanx.sketches.shape import PERMUTATIONS
from phalanx.sketches.templates.kernel import MINHASH_BITS

LEAST_JACCARD = 0.5
"""Estimated share of common shingles from which on a prompt matches a template."""


def estimated_jaccard(
    agreeing: npt.NDArray[np.integer], bits: int = MINHASH_BITS
) -> npt.NDArray[np.float64]:
    """Estimate the share of common shingles; unbiased, so that it may fall below 0.

    Parameters:
        agreeing: How many of the 128 values agree.
        bits: That are kept of each value.

    References:
        Li & König, "b-Bit minwise hashing", WWW 2010, equation 9 for sparse sets.

    Examples:
        >>> estimated_jaccard(np.array([128, 64])).round(3).tolist()
        [1.0, 0.498]
    """
    chance = 2.0**-bits
    return (np.asarray(agreeing) / PERMUTATIONS - chance) / (1.0 - chance)


def agreeing_needed(jaccard: float, bits: int = MINHASH_BITS) -> int:
    """Return how many values must agree for an estimate of at least so much.

    Parameters:
        jaccard: In (0, 1].
        bits: That are kept of each value.

    Raises:
        ValueError: If it lies outside.

    Examples:
        >>> agreeing_needed(0.5), agreeing_needed(1.0)
        (65, 128)
    """
    if not 0.0 < jaccard <= 1.0:
        message = f"a share of common shingles lies in (0, 1], not {jaccard}"
        raise ValueError(message)
    chance = 2.0**-bits
    # Less a little, so that rounding demands no value more.
    return math.ceil(PERMUTATIONS * (jaccard * (1.0 - chance) + chance) - 1e-9)


def log10_chance_of_match(
    true_jaccard: float, least_jaccard: float = LEAST_JACCARD, bits: int = MINHASH_BITS
) -> float:
    """Return log10 of the chance that one comparison of two given prompts is a match.

    With a `true_jaccard` of 0 it is that of two unrelated prompts. The chance for a list is at
    most that of one comparison times its length times the views of a prompt (7).

    Parameters:
        true_jaccard: Share of shingles that the two have in common, in [0, 1].
        least_jaccard: Estimate from which on they match.
        bits: That are kept of each value.

    Returns:
        At most 0, without a floor. It holds over the drawing of the key: under one key the same
        two prompts match always or never.

    Examples:
        >>> round(log10_chance_of_match(0.0), 1)
        -119.3
        >>> log10_chance_of_match(0.2) < -12
        True
    """
    chance = true_jaccard + (1.0 - true_jaccard) * 2.0**-bits
    if chance >= 1.0:
        return 0.0
    counts = np.arange(agreeing_needed(least_jaccard, bits), PERMUTATIONS + 1)
    log_ways = gammaln(PERMUTATIONS + 1) - gammaln(counts + 1) - gammaln(PERMUTATIONS - counts + 1)
    log_each = log_ways + counts * math.log(chance) + (PERMUTATIONS - counts) * math.log1p(-chance)
    return min(0.0, float(logsumexp(log_each)) / math.log(10.0))
