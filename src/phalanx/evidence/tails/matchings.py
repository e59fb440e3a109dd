"""The tail of a number of pairs that two matchings have in common."""

from __future__ import annotations

import math

import numpy as np

_LN10 = math.log(10.0)


def matchings_log10_sf(common: int, first: int, second: int, rows: int, columns: int) -> float:
    r"""Return the chance that two matchings share so many pairs or more.

    Null hypothesis: one of them is a matching of its size between rows and columns, each as
    likely as any other, given the other one. So it is where rows or columns are relabelled at
    random. With full matchings of equal sides it is the law of fixed points of a permutation.

    By inclusion and exclusion $P(K \ge k) = \sum_{j \ge k} (-1)^{j-k} \binom{j-1}{k-1} S_j$ with
    $S_j = E \binom{K}{j} = \binom{f}{j} \binom{s}{j} j! / ((r)_j (c)_j)$. Each term is at most
    the one before, so nothing cancels.

    Parameters:
        common: Pairs in both, at least 0.
        first: Pairs of the one.
        second: Pairs of the other.
        rows: Left sides that pairs can have.
        columns: Right sides that pairs can have.

    Returns:
        Base-10 logarithm; minus infinity beyond what is possible.

    Raises:
        ValueError: If a matching has more pairs than sides.

    References:
        Feller, "An introduction to probability theory", volume 1, IV.5.

    Examples:
        >>> round(10 ** matchings_log10_sf(1, 3, 3, 3, 3), 6)  # 4 of 6 permutations
        0.666667
        >>> round(matchings_log10_sf(1000, 1000, 1000, 1000, 1000), 1)  # 1 of 1000!
        -2567.6
    """
    if not 0 <= max(first, second) <= min(rows, columns) or min(first, second) < 0:
        message = f"{first} and {second} pairs between {rows} and {columns} are no matchings"
        raise ValueError(message)
    most = min(first, second)
    if common <= 0:
        return 0.0
    if common > most:
        return -math.inf
    log_term = math.fsum(_log_choose(whole, common) for whole in (first, second)) - math.fsum(
        (_log_falling(rows, common), _log_falling(columns, common))
    )
    log_term += math.lgamma(common + 1)
    size, total, place = 1.0, 1.0, common
    while place < most and abs(size) > 1e-18:
        ratio = (first - place) * (second - place) / (rows - place) / (columns - place)
        size *= -ratio * place / (place + 1 - common) / (place + 1)
        total += size
        place += 1
    return min(0.0, (log_term + float(np.log(total))) / _LN10)


def _log_choose(whole: int, part: int) -> float:
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)


def _log_falling(whole: int, steps: int) -> float:
    return math.lgamma(whole + 1) - math.lgamma(whole - steps + 1)
