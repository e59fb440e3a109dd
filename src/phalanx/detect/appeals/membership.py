"""The probability that one account belongs to its group, computed again without some links."""

from __future__ import annotations

import math
from collections.abc import Mapping

from phalanx.detect.appeals.docket import source_of

CONTENT_RULE = "PHX-D001"
"""What an account sends enters its membership under this rule."""

_NOT_LINKS = ("prior", "content")


def confidence_without(
    log_odds: Mapping[str, float | None], removed: frozenset[str] = frozenset()
) -> float | None:
    """Return the posterior probability of membership without some links.

    Families of one source are averaged and sources added, as when the group was described.
    Removing a link that the account does not share raises the probability: not sharing is
    what spoke for the account.

    Parameters:
        log_odds: Prior, content and each standing family, natural logarithms.
        removed: Rules that are taken out.

    Returns:
        The probability; null where none was recorded.

    Examples:
        >>> grounds = {"prior": -4.0, "content": 5.0, "PHX-D002": 6.0, "PHX-D005": 0.0}
        >>> [round(confidence_without(grounds, frozenset(r)) or 0.0, 3) for r in
        ...     ((), ("PHX-D002",), ("PHX-D001", "PHX-D002"))]
        [0.982, 0.731, 0.018]
    """
    known = {name: odds for name, odds in log_odds.items() if odds is not None}
    if "prior" not in known:
        return None
    total = known["prior"] + (0.0 if CONTENT_RULE in removed else known.get("content", 0.0))
    by_source: dict[str, list[float]] = {}
    for rule, odds in known.items():
        if rule not in _NOT_LINKS and rule not in removed:
            by_source.setdefault(source_of(rule), []).append(odds)
    total += sum(math.fsum(odds) / len(odds) for odds in by_source.values())
    return 1.0 / (1.0 + math.exp(-total)) if total > -_LARGEST else 0.0


_LARGEST = 700.0
"""Beyond this the exponential has no double."""
