"""What a server says to those who ask too much."""

from __future__ import annotations

import math

from phalanx.errors import PolicyError


class LimitReachedError(PolicyError):
    """A party has asked as much as it may for now."""

    def __init__(self, limit: str, wait_seconds: float) -> None:
        """Say which limit it is, and when to come back."""
        self.limit = limit
        self.wait_seconds = wait_seconds
        next_step = f"Wait {math.ceil(wait_seconds)} seconds."
        super().__init__(f"the limit of this {limit} is reached", next_step=next_step)
