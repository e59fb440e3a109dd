"""Habits of all parties in a window of steps, seen alone or from a group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.habits import NOT_PUBLIC, Habits, scores_of
from phalanx.detect.shared_use import SharedUse

PUBLIC_OUTSIDERS = 3
"""A prompt that this many parties outside a group sent is public."""


class UseWindow:
    """Shares of habits in steps `first` to `last`.

    What counts as public depends on who asks: prompts that a group's own parties pass to
    each other are not public, those that unrelated parties send too are.

    `exchanges` (parties,), `shares` (parties, habits) and `scores` (parties, scores) take
    every party by itself.
    """

    def __init__(
        self, prompts: SharedUse, prompt_users: PromptUsers, habits: Habits, first: int, last: int
    ) -> None:
        """Count who else sent each shared prompt until the last step."""
        self._prompts, self._prompt_users = prompts, prompt_users
        self._first, self._last = first, last
        self._users = prompt_users.until(last)
        rows = np.flatnonzero((prompts.step >= first) & (prompts.step <= last))
        alone = self._users[prompts.value[rows]] - 1 >= PUBLIC_OUTSIDERS
        public = np.bincount(
            prompt_users.party[rows],
            weights=prompts.exchanges[rows] * alone,
            minlength=prompts.starts.size - 1,
        ).astype(np.float64)
        self.exchanges, self.shares = habits.window(first, last, public)
        self.scores = scores_of(self.shares)

    def shares_within(
        self, members: npt.NDArray[np.int64], circle: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """Return the habits of members, prompts of whose circle are not public.

        Parameters:
            members: Parties.
            circle: Parties whose use of a prompt does not make it public.

        Returns:
            Shape (members, habits).
        """
        outsiders = self._users - self._users_among(circle)
        prompts = self._prompts
        rows = prompts.rows_of(members)
        owner = np.repeat(
            np.arange(members.size), prompts.starts[members + 1] - prompts.starts[members]
        )
        recent = (prompts.step[rows] >= self._first) & (prompts.step[rows] <= self._last)
        rows, owner = rows[recent], owner[recent]
        is_public = outsiders[prompts.value[rows]] >= PUBLIC_OUTSIDERS
        public = np.bincount(
            owner, weights=prompts.exchanges[rows] * is_public, minlength=members.size
        )
        shares = self.shares[members]
        exchanges = np.maximum(self.exchanges[members], 1.0)
        shares[:, NOT_PUBLIC] = np.clip(1.0 - public / exchanges, 0.0, 1.0)
        return shares

    def _users_among(self, circle: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Count the parties of a circle that sent each prompt until the last step."""
        rows = self._prompts.rows_of(circle)
        first = self._prompt_users.is_first[rows] & (self._prompts.step[rows] <= self._last)
        return np.bincount(self._prompts.value[rows[first]], minlength=self._users.size)


class PromptUsers:
    """How many parties have sent each shared prompt."""

    def __init__(self, prompts: SharedUse) -> None:
        """Find the first step of each party and prompt, once for all windows."""
        self.party = prompts.party()
        """Party of each row of the use."""

        self.is_first = prompts.is_first()
        """Rows in whose step a party sent a prompt for the first time."""

        self._step, self._value = prompts.step[self.is_first], prompts.value[self.is_first]
        self._values = prompts.values

    def until(self, step: int) -> npt.NDArray[np.int64]:
        """Count the parties that sent each prompt until the end of a step."""
        return np.bincount(self._value[self._step <= step], minlength=self._values)
