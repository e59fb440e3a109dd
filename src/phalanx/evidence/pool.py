"""Do the members of a pool rank higher than independent members of the cohort would?

Members enter one after the other. The rank of each among the reference and the members
before it gives a conformal p-value, and under exchangeability these are independent and
uniform, exactly. A bet on small p-values multiplies them into an e-value.

Members of an honest pool are not quite independent: a class has one lesson, an office
one trade. A product to the power 1/n is valid under any dependence (the geometric mean
is at most the arithmetic one), a product to the power 1 only under independence. A pool
of n that behaves like r independent groups of n/r alike members takes the power r/n. The
test takes r as a parameter and its user states it as an assumption.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phalanx.evidence.combination import mean

BETS = (0.1, 0.25, 0.5, 0.75)
"""Exponents kappa of the bets kappa p^(kappa - 1); small ones bet on very small p."""

_LN10 = float(np.log(10.0))


def sequential_p_values(
    scores: npt.NDArray[np.float64], reference: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the conformal p-value of each score given the reference and those before it.

    Parameters:
        scores: In an order that does not depend on them, shape (n,).
        reference: Shape (m,).

    Returns:
        Shape (n,), each at least 1 / (m + n). Ties count against the group, so that the
        p-values are at least as large as uniform ones.

    References:
        Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World", section 8.1.

    Examples:
        >>> sequential_p_values(np.array([5.0, 9.0]), np.arange(8.0)).round(3).tolist()
        [0.444, 0.1]
    """
    return _in_turn(_at_least(scores, reference), _ranks(scores), reference.size)


def _at_least(
    scores: npt.NDArray[np.float64], reference: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Count, for each score, those of the reference that are no smaller."""
    ordered = np.sort(reference)
    return np.asarray(ordered.size - np.searchsorted(ordered, scores, side="left"))


def _ranks(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.asarray(np.unique(scores, return_inverse=True)[1], dtype=np.int64)


def _in_turn(
    above: npt.NDArray[np.int64], rank: npt.NDArray[np.int64], reference_size: int
) -> npt.NDArray[np.float64]:
    """Return the p-values of members in their order, from counts above and ranks."""
    before = np.arange(rank.size)
    earlier = before - _smaller_before(rank)
    return np.asarray((above + earlier + 1.0) / (reference_size + before + 1.0))


@numba.njit(cache=True, nogil=True)
def _smaller_before(rank: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Count, for each rank from 0 up, the smaller ones that stand before it.

    The counts so far are kept as a binary indexed tree (Fenwick 1994), so that time grows
    as n log n.

    Examples:
        >>> _smaller_before(np.array([1, 0, 2, 2])).tolist()
        [0, 0, 2, 2]
    """
    smaller = np.zeros(rank.size, dtype=np.int64)
    tree = np.zeros(rank.size + 1, dtype=np.int64)
    for place in range(rank.size):
        node = rank[place]
        while node > 0:
            smaller[place] += tree[node]
            node -= node & -node
        node = rank[place] + 1
        while node <= rank.size:
            tree[node] += 1
            node += node & -node
    return smaller


def pool_log10_e(p_values: npt.NDArray[np.float64], independent_members: float) -> float:
    r"""Bet on small p-values of the members of a pool.

    Null hypothesis: each member ranks uniformly in the cohort, and the pool behaves like
    at least `independent_members` independent groups, alike within and of equal number.
    One much larger group among the members breaks the bound.

    $$e = \operatorname{mean}_\kappa \prod_i (\kappa p_i^{\kappa-1})^{r/n}$$

    Parameters:
        p_values: Conformal p-values, shape (n,).
        independent_members: r, between 1 (any dependence) and n (independence).

    Returns:
        log10 e; 0 for an empty pool.

    Raises:
        ValueError: If r lies outside [1, n].

    Examples:
        >>> p_values = np.full(64, 0.02)
        >>> [round(pool_log10_e(p_values, r), 1) for r in (1, 8, 64)]
        [0.5, 4.8, 42.4]
    """
    size = p_values.size
    if size == 0:
        return 0.0
    if not 1 <= independent_members <= size:
        message = f"independent_members must lie in [1, {size}], not {independent_members}"
        raise ValueError(message)
    bets = np.array(BETS)
    log_bets = size * np.log(bets) + (bets - 1.0) * np.log(p_values).sum()
    power = independent_members / size
    return (float(np.logaddexp.reduce(power * log_bets)) - float(np.log(bets.size))) / _LN10


def pool_log10_e_over_orders(
    scores: npt.NDArray[np.float64],
    reference: npt.NDArray[np.float64],
    independent_members: float,
    orders: npt.NDArray[np.int64],
) -> float:
    """Average the bet over several orders in which the members enter.

    One order decides who is compared with whom, and so how much is found. Under the null
    hypothesis of `pool_log10_e` each order gives an e-value; therefore their mean is one,
    however much they depend on each other.

    Parameters:
        scores: Shape (n,), arranged in a way that does not depend on them.
        reference: Shape (m,).
        independent_members: r, between 1 (any dependence) and n (independence).
        orders: Permutations of the members, fixed without looking at scores, shape
            (k, n). Applied to scores that were sorted first they would not be.

    Returns:
        log10 e; 0 for an empty pool.

    Raises:
        ValueError: If there is no order, one is not a permutation, or r lies outside [1, n].

    References:
        Vovk & Wang, "E-values: calibration, combination and applications", Annals of
        Statistics 2021, proposition 3.1.

    Examples:
        >>> scores, reference = np.array([9.0, 5.0, 7.0]), np.arange(8.0)
        >>> orders = np.array([[0, 1, 2], [2, 1, 0]])
        >>> round(pool_log10_e_over_orders(scores, reference, 3.0, orders), 3)
        -0.143
    """
    if orders.ndim != 2 or not len(orders):
        message = "orders must hold at least one permutation of the members"
        raise ValueError(message)
    if not np.array_equal(
        np.sort(orders, axis=1), np.tile(np.arange(scores.size), (len(orders), 1))
    ):
        message = f"each order must be a permutation of {scores.size} members"
        raise ValueError(message)
    above, rank = _at_least(scores, reference), _ranks(scores)
    return mean(
        [
            pool_log10_e(_in_turn(above[order], rank[order], reference.size), independent_members)
            for order in orders
        ]
    )
