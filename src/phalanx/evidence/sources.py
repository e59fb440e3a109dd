"""Evidence of several sources, so that no single common cause can make it."""

from __future__ import annotations

import math
from collections.abc import Iterable

from phalanx.evidence.combination import mean, product


def without_strongest(said: Iterable[tuple[str, float]], parties: int) -> float:
    """Average what comes from one source, multiply all sources but the strongest, temper by size.

    Parameters:
        said: Source and log10 e of each family.
        parties: n, size of the group.

    Returns:
        log10 e, taken to the power sqrt(2 / n); 0 where fewer than two sources testify.

    Examples:
        >>> without_strongest([("birth", 9.0), ("identity", 4.0), ("timing", 1.0)], 8)
        2.5
        >>> without_strongest([("birth", 300.0)], 2)
        0.0
    """
    by_source: dict[str, list[float]] = {}
    for source, log10_e in said:
        by_source.setdefault(source, []).append(log10_e)
    of_sources = sorted(mean(by_source[source]) for source in sorted(by_source))
    return product(of_sources[:-1]) * math.sqrt(2.0 / max(parties, 2))
