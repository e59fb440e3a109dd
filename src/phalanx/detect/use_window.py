"""Habits of all parties in a window of days, seen alone or from a group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.habits import NOT_PUBLIC, Habits, scores_of
from phalanx.detect.shared_use import SharedUse

PUBLIC_OUTSIDERS = 3
"""A prompt that this many parties outside a group sent is public."""


class UseWindow:
    """Shares of habits in days `first` to `last`.

    What counts as public depends on who asks: prompts that a group's own parties pass to
    each other are not public, those that unrelated parties send too are.

    `exchanges` (parties,), `shares` (parties, habits) and `scores` (parties, scores) take
    every party by itself.
    """

    def __init__(
        self, prompts: SharedUse, prompt_users: PromptUsers, habits: Habits, first: int, last: int
    ) -> None:
        """Count who else sent each shared prompt until the last day."""
        self._prompts = prompts
        self._first, self._last = first, last
        self._users = prompt_users.until(last)
        rows = np.flatnonzero((prompts.day >= first) & (prompts.day <= last))
        alone = self._users[prompts.value[rows]] - 1 >= PUBLIC_OUTSIDERS
        public = np.bincount(
            prompt_users.party[rows],
            weights=prompts.exchanges[rows] * alone,
            minlength=prompts.starts.size - 1,
        ).astype(np.float64)
        self.exchanges, self.shares = habits.window(first, last, public)
        self.scores = scores_of(self.shares)

    def shares_in_group(self, members: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the habits of members as seen from their group, shape (members, habits)."""
        prompts = self._prompts
        rows = prompts.rows_of(members)
        owner = np.repeat(
            np.arange(members.size), prompts.starts[members + 1] - prompts.starts[members]
        )
        seen = prompts.day[rows] <= self._last
        rows, owner = rows[seen], owner[seen]
        value = prompts.value[rows].astype(np.int64)
        pairs = np.unique(value * members.size + owner) // max(members.size, 1)
        own = np.bincount(pairs, minlength=self._users.size)
        recent = prompts.day[rows] >= self._first
        outside = (self._users - own)[value[recent]] >= PUBLIC_OUTSIDERS
        public = np.bincount(
            owner[recent], weights=prompts.exchanges[rows[recent]] * outside, minlength=members.size
        )
        shares = self.shares[members]
        exchanges = np.maximum(self.exchanges[members], 1.0)
        shares[:, NOT_PUBLIC] = np.clip(1.0 - public / exchanges, 0.0, 1.0)
        return shares


class PromptUsers:
    """How many parties have sent each shared prompt."""

    def __init__(self, prompts: SharedUse) -> None:
        """Find the first day of each party and prompt, once for all windows."""
        self.party = prompts.party()
        """Party of each row of the use."""

        first = prompts.is_first()
        self._day, self._value = prompts.day[first], prompts.value[first]
        self._values = prompts.values

    def until(self, day: int) -> npt.NDArray[np.int64]:
        """Count the parties that sent each prompt until the evening of a day."""
        return np.bincount(self._value[self._day <= day], minlength=self._values)
