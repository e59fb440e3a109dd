"""The Benjamini-Hochberg procedure on p-values that share one reference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def conformal_p_values(
    scores: npt.NDArray[np.float64], reference: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the rank of each score among a reference that holds none of them.

    Null hypothesis of each: the score is exchangeable with those of the reference.

    Parameters:
        scores: Shape (n,).
        reference: Shape (m,).

    Returns:
        Shape (n,), each at least 1 / (m + 1); ties count against the score.

    References:
        Bates, Candès, Lei, Romano & Sesia, "Testing for outliers with conformal p-values",
        Annals of Statistics 51 (2023).

    Examples:
        >>> conformal_p_values(np.array([9.0, 2.0]), np.arange(4.0)).tolist()
        [0.2, 0.6]
    """
    at_least = reference.size - np.searchsorted(np.sort(reference), scores, side="left")
    return np.asarray((at_least + 1.0) / (reference.size + 1.0))


def benjamini_hochberg(
    p_values: npt.NDArray[np.float64], false_discovery_rate: float
) -> npt.NDArray[np.bool_]:
    """Return which nulls are rejected so that the expected false share is at most the rate.

    It holds for independent p-values, and for conformal ones that share one reference, whose
    dependence is positive.

    Parameters:
        p_values: Shape (n,).
        false_discovery_rate: In (0, 1).

    Raises:
        ValueError: If the rate lies outside (0, 1).

    References:
        Benjamini & Hochberg, JRSS B 57 (1995); Bates and others (2023), theorem 2.

    Examples:
        >>> benjamini_hochberg(np.array([0.001, 0.2, 0.03, 0.9]), 0.1).tolist()
        [True, False, True, False]
    """
    if not 0.0 < false_discovery_rate < 1.0:
        message = f"false_discovery_rate must lie in (0, 1), not {false_discovery_rate}"
        raise ValueError(message)
    order = np.argsort(p_values, kind="stable")
    levels = false_discovery_rate * np.arange(1, p_values.size + 1) / max(p_values.size, 1)
    passing = np.flatnonzero(p_values[order] <= levels)
    rejected = np.zeros(p_values.size, dtype=np.bool_)
    rejected[order[: int(passing[-1]) + 1 if passing.size else 0]] = True
    return rejected
