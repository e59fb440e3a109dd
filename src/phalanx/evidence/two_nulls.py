"""e-BH for discoveries that must reject two nulls each.

A discovery is false if either of its nulls is true. The plain way, e-BH on the smaller
of the two e-values, charges both nulls for all hypotheses. But most groups that are ever
opened share nothing, and are of no concern to the second null. Here the first null is
tested among all n hypotheses with one part of the error, the second only among the n1
that are linked, with the rest:

    false share <= sum over first-null-true of [selected] / k
                 + sum over second-null-true among the linked of [selected] / k
                <= rate_first * mean(e_first) + rate_second * mean(e_second | linked),

because a selected hypothesis has e_first >= n / (rate_first k) and
e_second >= n1 / (rate_second k), k being the number selected. It needs the second e-value
to keep its mean given the first: the two must not share data.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from phalanx.evidence.e_bh import Discoveries

FIRST_SHARE = 0.1
"""Share of the error that is spent on the first null, whose evidence is abundant."""

LINKED_LOG10_E = 2.0
"""e-value against the first null from which the second null is asked about."""


def e_benjamini_hochberg_two_nulls(
    first_log10_es: npt.NDArray[np.float64],
    second_log10_es: npt.NDArray[np.float64],
    false_discovery_rate: float,
    weights: npt.NDArray[np.float64],
    *,
    second_weights: Callable[[npt.NDArray[np.bool_]], npt.NDArray[np.float64]] | None = None,
) -> Discoveries:
    """Reject the largest set for which both nulls are rejected at their levels.

    Parameters:
        first_log10_es: Evidence against the first null, shape (n,).
        second_log10_es: Evidence against the second null, shape (n,).
        false_discovery_rate: In (0, 1).
        weights: Prior weights of at least 0 that look at neither, shape (n,).
        second_weights: From who is linked, shape (n,), to the weights of the second null, which
            look at neither besides; null takes `weights`.

    Returns:
        The rejected set; the level is that of the second null, infinite where the first
        is not rejected far enough to ask.

    Raises:
        ValueError: If the rate lies outside (0, 1).

    References:
        Wang & Ramdas, JRSS B 84 (2022), theorem 5.1, applied to each null.

    Examples:
        >>> first, second = np.array([9.0, 9.0, 0.0]), np.array([4.0, 0.0, 9.0])
        >>> found = e_benjamini_hochberg_two_nulls(first, second, 0.01, np.ones(3))
        >>> found.rejected.tolist()
        [True, False, False]
    """
    if not 0.0 < false_discovery_rate < 1.0:
        message = f"false_discovery_rate must lie in (0, 1), not {false_discovery_rate}"
        raise ValueError(message)
    count = first_log10_es.size
    levels = np.full(count, np.inf)
    linked = first_log10_es >= LINKED_LOG10_E
    if not linked.any():
        return Discoveries(np.zeros(count, dtype=np.bool_), levels)
    with np.errstate(divide="ignore"):
        first = first_log10_es + np.log10(weights * (count / weights.sum()))
    asked = weights if second_weights is None else second_weights(linked)
    with np.errstate(divide="ignore"):
        log_scaled = np.log10(asked * (np.count_nonzero(linked) / asked[linked].sum()))
    second = second_log10_es + log_scaled
    level_first = np.log10(count / (FIRST_SHARE * false_discovery_rate))
    level_second = np.log10(np.count_nonzero(linked) / ((1.0 - FIRST_SHARE) * false_discovery_rate))
    slack = np.where(linked, np.minimum(first - level_first, second - level_second), -np.inf)
    order = np.argsort(-slack, kind="stable")
    passing = np.flatnonzero(slack[order] >= -np.log10(np.arange(1, count + 1)))
    discoveries = int(passing[-1]) + 1 if passing.size else 0
    rejected = np.zeros(count, dtype=np.bool_)
    rejected[order[:discoveries]] = True
    levels[linked] = (level_second - np.log10(max(discoveries, 1)) - log_scaled)[linked]
    return Discoveries(rejected, levels)


def first_levels_log10_e(
    weights: npt.NDArray[np.float64], false_discovery_rate: float, discoveries: int
) -> npt.NDArray[np.float64]:
    """Return what the evidence against the first null must reach to be among the discoveries.

    Parameters:
        weights: As for `e_benjamini_hochberg_two_nulls`, shape (n,).
        false_discovery_rate: In (0, 1).
        discoveries: Size of the rejected set; the level for one where it is empty.

    Returns:
        log10 e, shape (n,).

    Examples:
        >>> first_levels_log10_e(np.ones(4), 0.01, 2).round(2).tolist()
        [3.3, 3.3, 3.3, 3.3]
    """
    count = weights.size
    level = np.log10(count / (FIRST_SHARE * false_discovery_rate)) - np.log10(max(discoveries, 1))
    with np.errstate(divide="ignore"):
        own = level - np.log10(weights * (count / weights.sum()))
    return np.asarray(np.maximum(own, LINKED_LOG10_E))
