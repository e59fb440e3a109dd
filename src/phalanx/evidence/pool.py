"""Do the members of a pool rank higher than independent members of the cohort would?

Members enter one after the other. The rank of each among the reference and the members
before it gives a conformal p-value, and under exchangeability these are independent and
uniform, exactly. A bet on small p-values multiplies them into an e-value.

Members of an honest pool are not quite independent: a class has one lesson, an office
one trade. A product to the power 1/n is valid under any dependence (the geometric mean
is at most the arithmetic one), a product to the power 1 only under independence. A pool
of n that behaves like r independent groups of alike members takes the power r/n. The
test takes r as a parameter and its user states it as an assumption.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
    ordered = np.sort(reference)
    above = ordered.size - np.searchsorted(ordered, scores, side="left")
    earlier = np.triu(scores[:, None] >= scores[None, :], k=1).sum(axis=0)
    before = np.arange(scores.size)
    return np.asarray((above + earlier + 1.0) / (ordered.size + before + 1.0))


def pool_log10_e(p_values: npt.NDArray[np.float64], independent_members: float) -> float:
    r"""Bet on small p-values of the members of a pool.

    Null hypothesis: each member ranks uniformly in the cohort, and the pool behaves like
    at least `independent_members` independent groups of members that may be alike.

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
