"""Statistics over members: enough of them, none that dominates, and noise on the total.

With four to six members nearly every statistic of single members is suppressed. What remains is a
total of the group, to which noise is added that hides what any one member gave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from phalanx.share.wire import bucket_floor


def suppressed_because(counts: Sequence[int], parameters: Mapping[str, Any]) -> str:
    """Return why a statistic may not leave, or nothing if it may.

    Parameters:
        counts: What each member contributed; members that gave nothing do not contribute.
        parameters: Of rule A6: `contributors` and `largest_share`.

    Examples:
        >>> rule = {"contributors": 5, "largest_share": 0.25}
        >>> suppressed_because([10, 10, 10, 10, 10], rule)
        ''
        >>> suppressed_because([100, 10, 10, 10, 10], rule)
        'one contributor gave more than 25%'
    """
    giving = [count for count in counts if count > 0]
    if len(giving) < parameters["contributors"]:
        return f"fewer than {parameters['contributors']} contributors"
    if max(giving) > parameters["largest_share"] * sum(giving):
        return f"one contributor gave more than {parameters['largest_share']:.0%}"
    return ""


def noisy_total(counts: Sequence[int], noise: int, parameters: Mapping[str, Any]) -> int:
    """Return the lower end of the bucket of a capped total with noise; 0 for none.

    Parameters:
        counts: What each member contributed.
        noise: From `discrete_laplace` with scale `contribution_cap` / `epsilon`.
        parameters: Of rule A6: `contribution_cap`.

    Examples:
        >>> noisy_total([10, 10, 10_000_000], 5, {"contribution_cap": 100})
        100
    """
    cap = parameters["contribution_cap"]
    total = sum(min(count, cap) for count in counts) + noise
    return bucket_floor(total) if total >= 1 else 0


def discrete_laplace(scale: int, random_below: Callable[[int], int]) -> int:
    """Draw integer noise that hides a difference of `scale` times epsilon.

    The law is P(x) proportional to exp(-|x| / scale). It is drawn with integers only, because
    floating-point noise leaks what it should hide.

    Parameters:
        scale: At least 1.
        random_below: `secrets.randbelow`, or a seeded one in tests.

    References:
        Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy", 2020,
        algorithm 2.
    """
    while True:
        low = random_below(scale)
        if not _accept(low, scale, random_below):
            continue
        high = 0
        while _accept(1, 1, random_below):
            high += 1
        size, is_negative = low + scale * high, random_below(2)
        if not (is_negative and size == 0):
            return -size if is_negative else size


def _accept(numerator: int, denominator: int, random_below: Callable[[int], int]) -> bool:
    """Return true with probability exp(-numerator / denominator), for a fraction in [0, 1]."""
    steps = 1
    while random_below(denominator * steps) < numerator:
        steps += 1
    return steps % 2 == 1
