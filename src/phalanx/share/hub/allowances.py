"""How often somebody may ask: a bucket that fills up with time.

The buckets of a process are its own; two hubs on one database allow twice as much.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

MOST_BUCKETS = 10_000
"""Kept at once; the one that was used least recently is forgotten first."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What each may ask."""

    per_second: float
    burst: float
    """At once, after a pause."""


class Allowances:
    """The buckets of all who ask.

    Parameters:
        allowance: Of each.
    """

    def __init__(self, allowance: Allowance) -> None:
        """Begin with full buckets."""
        self._allowance = allowance
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_seconds(self, who: str, now_seconds: float, cost: float = 1.0) -> float:
        """Take from a bucket; return 0, or after how many seconds there is enough in it.

        Parameters:
            who: Whose bucket.
            now_seconds: Of a clock that is never set back.
            cost: What is taken, at most the burst; 0 only looks whether the bucket is empty.

        Examples:
            >>> asked = Allowances(Allowance(per_second=2.0, burst=1.0))
            >>> [asked.wait_seconds("a", at) for at in (0.0, 0.0, 0.5)]
            [0.0, 0.5, 0.0]
        """
        allowed = self._allowance
        with self._lock:
            held, at = self._buckets.pop(who, (allowed.burst, now_seconds))
            held = min(allowed.burst, held + (now_seconds - at) * allowed.per_second)
            missing = max(cost, 1.0) - held
            left = held if missing > 0 else held - cost
            self._buckets[who] = (left, now_seconds)
            if len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
        return max(0.0, missing / allowed.per_second)
