"""The e-Benjamini-Hochberg procedure: a list of discoveries with a stated error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Discoveries:
    """Outcome of `e_benjamini_hochberg`."""

    rejected: npt.NDArray[np.bool_]
    """Which hypotheses are rejected, in the order given, shape (n,)."""

    threshold_log10_e: npt.NDArray[np.float64]
    """log10 e that each hypothesis had to reach, given its weight, shape (n,)."""


def e_benjamini_hochberg(
    log10_es: npt.NDArray[np.float64],
    false_discovery_rate: float,
    weights: npt.NDArray[np.float64] | None = None,
) -> Discoveries:
    r"""Reject the largest set of nulls whose expected false share is at most the rate.

    Sort $w_i e_i$ downwards; reject the first $k$ with the largest $k$ such that the
    $k$-th is at least $n / (k \cdot \text{rate})$. Valid under any dependence.

    Parameters:
        log10_es: One e-value per hypothesis, base-10 logarithms, shape (n,).
        false_discovery_rate: In (0, 1).
        weights: Non-negative prior weights that do not look at the e-values; they are
            scaled to mean 1. Null weighs all alike.

    Returns:
        The rejected set and the level for each hypothesis. Where nothing is rejected,
        the level is the one for a single discovery.

    Raises:
        ValueError: If the rate lies outside (0, 1).

    References:
        Wang & Ramdas, "False discovery rate control with e-values", JRSS B 84 (2022),
        theorem 5.1, and section 4 for weights.

    Examples:
        >>> e_benjamini_hochberg(np.array([4.0, 2.0, 0.0]), 0.05).rejected.tolist()
        [True, True, False]
    """
    if not 0.0 < false_discovery_rate < 1.0:
        message = f"false_discovery_rate must lie in (0, 1), not {false_discovery_rate}"
        raise ValueError(message)
    count = log10_es.size
    if count == 0:
        return Discoveries(np.zeros(0, dtype=np.bool_), np.zeros(0))
    share = np.ones(count) if weights is None else np.asarray(weights, dtype=np.float64)
    with np.errstate(divide="ignore"):
        log_weight = np.log10(share * (count / share.sum()))
    weighted = log10_es + log_weight
    order = np.argsort(-weighted, kind="stable")
    levels = np.log10(count / (np.arange(1, count + 1) * false_discovery_rate))
    passing = np.flatnonzero(weighted[order] >= levels)
    discoveries = int(passing[-1]) + 1 if passing.size else 0
    rejected = np.zeros(count, dtype=np.bool_)
    rejected[order[:discoveries]] = True
    return Discoveries(rejected, levels[max(discoveries, 1) - 1] - log_weight)


def discoveries_among(log10_es: npt.ArrayLike, hypotheses: int, rate: float) -> int:
    """Return how many hypotheses `e_benjamini_hochberg` rejects, given the large e-values alone.

    Of very many hypotheses hardly any has evidence at all. One whose e-value is below 1 / rate is
    never rejected, so that only those above need be kept.

    Parameters:
        log10_es: Base-10 logarithms, at least all those that reach 1 / rate, shape (n,).
        hypotheses: All that are tested, also without evidence; at least n.
        rate: In (0, 1).

    Examples:
        >>> discoveries_among([5.0, 4.5, 2.0], hypotheses=1_000, rate=0.05)
        2
    """
    falling = -np.sort(-np.asarray(log10_es, dtype=np.float64))
    levels = np.log10(hypotheses / (np.arange(1, falling.size + 1) * rate))
    passing = np.flatnonzero(falling >= levels)
    return int(passing[-1]) + 1 if passing.size else 0
