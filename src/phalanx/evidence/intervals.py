"""Intervals for shares."""

from __future__ import annotations

from scipy.stats import beta


def clopper_pearson_upper(successes: int, trials: int, *, confidence: float = 0.95) -> float:
    """Return the exact one-sided upper bound for a binomial share.

    Parameters:
        successes: In [0, trials].
        trials: At least 0; with no trials nothing is known and the bound is 1.
        confidence: In (0, 1).

    Returns:
        The largest share under which seeing this few successes is not surprising.

    Raises:
        ValueError: If a count lies outside its range.

    References:
        Clopper & Pearson, Biometrika 26 (1934).

    Examples:
        >>> round(clopper_pearson_upper(0, 30_000), 6)
        0.0001
    """
    if not 0 <= successes <= trials:
        message = f"successes must lie in [0, {trials}], not {successes}"
        raise ValueError(message)
    if successes == trials:
        return 1.0
    return float(beta.ppf(confidence, successes + 1, trials - successes))
