"""Requests that are kept waiting because a decision slows them: not for long, and not too many."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Sleep = Callable[[float], Awaitable[object]]


class Waiting:
    """Keeps requests waiting.

    Parameters:
        most_seconds: For which one waits at most.
        most_at_once: That wait at once.
        sleep: Waits so many seconds.
    """

    def __init__(
        self, most_seconds: float, most_at_once: int, sleep: Sleep = asyncio.sleep
    ) -> None:
        """Begin with nobody waiting."""
        self._most_seconds = most_seconds
        self._most_at_once = most_at_once
        self._sleep = sleep
        self._waiting = 0

    async def wait(self, seconds: float) -> bool:
        """Wait as long as a decision says; tell whether there was room to.

        Parameters:
            seconds: Of the decision.
        """
        if seconds <= 0:
            return True
        if self._waiting >= self._most_at_once:
            return False
        self._waiting += 1
        try:
            await self._sleep(min(seconds, self._most_seconds))
        finally:
            self._waiting -= 1
        return True
