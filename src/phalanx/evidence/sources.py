"""Evidence of several sources, so that no single common cause can make it."""

from __future__ import annotations

import math
from collections.abc import Iterable

from phalanx.evidence.combination import mean, product


def of_sources(said: Iterable[tuple[str, float]], parties: int) -> dict[str, float]:
    """Average what comes from one source, and temper it by the size of the group.

    Parameters:
        said: Source and log10 e of each family.
        parties: n, size of the group.

    Returns:
        Source -> log10 e, taken to the power sqrt(2 / n), by name.

    Examples:
        >>> of_sources([("birth", 9.0), ("identity", 4.0)], 8)
        {'birth': 4.5, 'identity': 2.0}
    """
    averaged = _averaged(said)
    return {source: averaged[source] * _power(parties) for source in sorted(averaged)}


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
    return product(sorted(_averaged(said).values())[:-1]) * _power(parties)


def _averaged(said: Iterable[tuple[str, float]]) -> dict[str, float]:
    by_source: dict[str, list[float]] = {}
    for source, log10_e in said:
        by_source.setdefault(source, []).append(log10_e)
    return {source: mean(log10_es) for source, log10_es in by_source.items()}


def _power(parties: int) -> float:
    return math.sqrt(2.0 / max(parties, 2))
