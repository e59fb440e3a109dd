"""Do marks fall on one kind of item more than on the other?

One test serves every question of the form "given how many items of a stratum are marked,
is it the items of the first kind that are?": say, refusals on the exchanges that another
account's follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, logsumexp

ODDS = (2.0, 4.0, 16.0, 64.0, 256.0)
"""Odds ratios of the alternative, averaged over."""

_LN10 = float(np.log(10.0))


@dataclass(frozen=True, slots=True)
class OddsTest:
    """Outcome of `weigh_odds` for one group."""

    log10_e: float
    """Base-10 logarithm of the e-value."""

    first: int
    """Items of the first kind."""

    first_marked: int
    second: int
    """Items of the second kind."""

    second_marked: int


@dataclass(frozen=True, slots=True)
class Items:
    """Items of many groups; every array has shape (items,)."""

    group: npt.NDArray[np.int64]
    """Group of each item, from 0."""

    stratum: npt.NDArray[np.int64]
    """At least 0; numbers may be used again in other groups."""

    is_first: npt.NDArray[np.bool_]
    """Whether an item is of the first kind."""

    marked: npt.NDArray[np.bool_]


def weigh_odds(items: Items, groups: int) -> list[OddsTest]:
    r"""Test for many groups whether marks prefer items of the first kind.

    Null hypothesis: within each stratum of a group the marks are exchangeable between
    items, whatever their kind, and strata are independent given how many of each are marked.

    With $n$ items in a stratum, $k$ of the first kind, $m$ marked and $x$ both, the null law
    of $x$ is hypergeometric; the alternative is Fisher's noncentral one with odds ratio
    $\psi > 1$. The e-value is

    $$\prod_s \psi^{x_s} \Big/ \sum_j \psi^j
      \binom{k_s}{j} \binom{n_s - k_s}{m_s - j} \Big/ \binom{n_s}{m_s}$$

    averaged over `ODDS`; half of the stake stays on the constant 1. Conditioning on $m$
    leaves out how often anybody is marked; a stratum with items of one kind says nothing.

    Parameters:
        items: The items of all groups.
        groups: Number of groups; a group without items has log10 e = 0.

    References:
        Fisher, "The logic of inductive inference", Journal of the Royal Statistical Society
        98 (1935). Vovk & Wang, "E-values: calibration, combination and applications",
        Annals of Statistics 49 (2021), section 2.

    Examples:
        >>> ones = np.ones(40, dtype=bool)
        >>> first = np.arange(40) % 2 == 0
        >>> day = np.arange(40) // 8
        >>> def log10_e(marked):
        ...     return weigh_odds(Items(day * 0, day, first, marked), 1)[0].log10_e
        >>> round(log10_e(first), 1), round(log10_e(~first), 1), abs(log10_e(ones))
        (8.3, -0.3, 0.0)
    """
    if not items.group.size:
        return [OddsTest(0.0, 0, 0, 0, 0)] * groups
    strata = int(items.stratum.max(initial=0)) + 1
    cells, cell = np.unique(items.group * strata + items.stratum, return_inverse=True)
    size = np.bincount(cell, minlength=cells.size)
    first = np.bincount(cell[items.is_first], minlength=cells.size)
    marked = np.bincount(cell[items.marked], minlength=cells.size)
    both = np.bincount(cell[items.is_first & items.marked], minlength=cells.size)
    group = cells // strata
    ratios = _log_ratios(size, first, marked, both)
    of_groups = np.stack([np.bincount(group, weights=row, minlength=groups) for row in ratios])
    log_bets = logsumexp(of_groups, axis=0) - np.log(len(ODDS))
    log10_es = (np.logaddexp(0.0, log_bets) - np.log(2.0)) / _LN10
    counts = (
        np.bincount(group, weights=of_cells, minlength=groups).astype(np.int64).tolist()
        for of_cells in (first, both, size - first, marked - both)
    )
    return [OddsTest(*each) for each in zip(log10_es.tolist(), *counts, strict=True)]


def _log_ratios(
    size: npt.NDArray[np.int64],
    first: npt.NDArray[np.int64],
    marked: npt.NDArray[np.int64],
    both: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Log likelihood ratio of each odds ratio in each stratum, shape (odds, strata)."""
    most = np.minimum(first, marked)
    possible = np.arange(int(most.max(initial=0)) + 1)
    log_null = np.where(
        (possible <= most[:, None]) & (possible >= (marked - (size - first))[:, None]),
        _log_choose(first[:, None], possible)
        + _log_choose((size - first)[:, None], marked[:, None] - possible)
        - _log_choose(size, marked)[:, None],
        -np.inf,
    )
    return np.stack(
        [
            both * np.log(ratio) - logsumexp(log_null + possible * np.log(ratio), axis=1)
            for ratio in ODDS
        ]
    )


def _log_choose(
    top: npt.NDArray[np.int64], chosen: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Log of the binomial coefficient; what is impossible is left to the caller."""
    within = np.clip(chosen, 0, top)
    return np.asarray(
        gammaln(top + 1.0) - gammaln(within + 1.0) - gammaln(top - within + 1.0), dtype=np.float64
    )
