"""Policies that were put in force, on their way to where that is recorded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from phalanx.errors import PhalanxError
from phalanx.prevent.policy.loading import Policy


class PoliciesTaken:
    """Records each policy that is taken, in order, beside the requests.

    What cannot be recorded is told and tried again the next time: decisions never wait for it.

    Parameters:
        record: Records that a policy is in force.
        failed: Called where one could not be recorded.

    Examples:
        >>> kept = []
        >>> taken = PoliciesTaken(kept.append, print)
        >>> taken.take("a policy")
        >>> taken.record()
        >>> kept, taken.waiting
        (['a policy'], 0)
    """

    def __init__(
        self, record: Callable[[Policy], None], failed: Callable[[PhalanxError], None]
    ) -> None:
        """Record nothing yet."""
        self._record = record
        self._failed = failed
        self._waiting: deque[Policy] = deque()

    @property
    def waiting(self) -> int:
        """Return how many are in force, or were, and not recorded."""
        return len(self._waiting)

    def take(self, policy: Policy) -> None:
        """Note that a policy is in force from now on."""
        self._waiting.append(policy)

    def record(self) -> None:
        """Record what waits, as far as it goes."""
        while self._waiting:
            try:
                self._record(self._waiting[0])
            except PhalanxError as error:
                self._failed(error)
                return
            self._waiting.popleft()
