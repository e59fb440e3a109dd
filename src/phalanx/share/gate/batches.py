"""When objects leave, and in which company: so that their number tells nothing.

A batch leaves at fixed times, filled with padding up to one of few sizes. It grows by one size
at most from one batch to the next, so that a wave of findings is spread over several.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from phalanx.share.wire import AccountFingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """How many objects leave with the next batch."""

    real: int
    """Of those that wait; the others wait on."""

    padding: int
    """Decoys."""

    @property
    def objects(self) -> int:
        """In the batch."""
        return self.real + self.padding


def plan_batch(waiting: int, previous_objects: int, sizes: Sequence[int]) -> BatchPlan:
    """Return what the next batch holds.

    Parameters:
        waiting: Objects that may leave, at least 0.
        previous_objects: In the batch before; 0 for the first.
        sizes: Of rule A17, ascending.

    Examples:
        >>> plan_batch(100, 64, (64, 512, 4096))
        BatchPlan(real=100, padding=412)
        >>> plan_batch(3000, 64, (64, 512, 4096))
        BatchPlan(real=512, padding=0)
    """
    allowed = [size for size in sizes if size <= largest_after(previous_objects, sizes)]
    size = next((size for size in allowed if size >= waiting), allowed[-1])
    return BatchPlan(real=min(waiting, size), padding=size - min(waiting, size))


def largest_after(previous_objects: int, sizes: Sequence[int]) -> int:
    """Return how large a batch may be after another."""
    reached = sum(size <= previous_objects for size in sizes)
    return sizes[min(reached, len(sizes) - 1)]


def slot_at_or_after(now: datetime, period: timedelta) -> datetime:
    """Return the next time at which a batch leaves, counted from the epoch.

    Examples:
        >>> from datetime import UTC
        >>> slot_at_or_after(datetime(2026, 3, 1, 7, tzinfo=UTC), timedelta(hours=6)).hour
        12
    """
    rest = now.timestamp() % period.total_seconds()
    return now if rest == 0 else now + timedelta(seconds=period.total_seconds() - rest)


def decoy(epoch: int, random_bytes: Callable[[int], bytes]) -> AccountFingerprint:
    """Return a fingerprint of nobody, which no receiver can tell from one of somebody.

    Parameters:
        epoch: Of the blinding key.
        random_bytes: `secrets.token_bytes`, or a seeded one in tests.
    """
    value = base64.urlsafe_b64encode(random_bytes(64)).decode().rstrip("=")
    return AccountFingerprint(kind="account", epoch=epoch, value=value)
