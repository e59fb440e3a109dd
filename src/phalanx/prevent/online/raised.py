"""A list that only grows: who has been raised so far, of a fixed number of hypotheses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from phalanx.evidence import discoveries_among

Key = tuple[str, int]
"""Name of an account or a pool, and the epoch: each is a hypothesis of its own."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a hypothesis has against it."""

    log10_e: float
    """Spread over the epochs of the reference."""

    statistics: Mapping[str, float]
    """Statistic -> evidence of it alone, log10."""

    accounts: int
    answers: int
    scan: int | None
    """That listed the pool; null for an account."""


@dataclass(slots=True)
class RaisedList:
    """Applies e-BH again whenever evidence grows.

    e-values never fall and the number of hypotheses is fixed, so a list holds the one before it;
    since the largest value that each e-value ever takes has mean one at most under its null, the
    rate holds for the list at whatever moment it is read, and for all lists together.

    Parameters:
        hypotheses: All that are tested in an epoch, with evidence or without.
        rate: False discovery rate.

    Examples:
        >>> held = RaisedList(hypotheses=1_000, rate=0.05)
        >>> for name, level in (("a", 4.2), ("b", 3.0), ("c", 4.0)):
        ...     held.note((name, 0), Shown(level, {}, 1, 1, None))
        >>> held.renew()
        [('a', 0), ('c', 0)]
    """

    hypotheses: int
    rate: float
    evidence: dict[Key, Shown] = field(default_factory=dict)
    """Of those that would be listed if enough others were."""

    raised: set[Key] = field(default_factory=set)

    @property
    def level(self) -> float:
        """Return what has to be reached, with as many as are listed; log10."""
        return math.log10(self.hypotheses / (max(len(self.raised), 1) * self.rate))

    def may_count(self, log10_e: float) -> bool:
        """Tell whether some evidence could be listed, if that of enough others were as large."""
        return log10_e >= -math.log10(self.rate)

    def note(self, key: Key, shown: Shown) -> None:
        """Note the evidence of a hypothesis, no smaller than before."""
        if self.may_count(shown.log10_e):
            self.evidence[key] = shown

    def renew(self) -> list[Key]:
        """Apply e-BH to what is known, and return who is listed anew, by falling evidence."""
        falling = sorted(self.evidence, key=lambda key: -self.evidence[key].log10_e)
        values = [self.evidence[key].log10_e for key in falling]
        listed = falling[: discoveries_among(values, self.hypotheses, self.rate)]
        new = [key for key in listed if key not in self.raised]
        self.raised.update(new)
        return new
