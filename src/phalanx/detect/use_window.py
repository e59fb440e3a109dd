"""Habits of all parties in a window of steps, seen alone or from a group."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phalanx.detect.codes import MISSING
from phalanx.detect.habits import NOT_PUBLIC, Habits, scores_of
from phalanx.detect.shared_use import SharedUse

PUBLIC_OUTSIDERS = 3
"""A prompt that this many parties outside a group sent is public."""


class UseWindow:
    """Shares of habits in steps `first` to `last`.

    What counts as public depends on who asks: prompts that a group's own parties pass to
    each other are not public, those that unrelated parties send too are. A party that is
    compared with a group is seen likewise: what its own community of texts passes around is
    not public to it.

    `exchanges` (parties,), `shares` (parties, habits) and `scores` (parties, scores) take
    every party by itself.

    Parameters:
        prompt_users: Who sent which shared prompt.
        habits: Of all parties.
        communities: Community of texts of each party, `MISSING` for none, (parties,).
        first: First step.
        last: Last step, included.
    """

    def __init__(
        self,
        prompt_users: PromptUsers,
        habits: Habits,
        communities: npt.NDArray[np.int64],
        first: int,
        last: int,
    ) -> None:
        """Count who else sent each shared prompt until the last step."""
        self._prompts = prompts = prompt_users.prompts
        self._prompt_users = prompt_users
        self._first, self._last = first, last
        self._users = prompt_users.until(last)
        rows = np.flatnonzero((prompts.step >= first) & (prompts.step <= last))
        inside = prompt_users.of_own_community(last, communities)[rows]
        is_public = self._users[prompts.value[rows]] - inside >= PUBLIC_OUTSIDERS
        public = np.bincount(
            prompt_users.party[rows],
            weights=prompts.exchanges[rows] * is_public,
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
        self.prompts = prompts
        """Who sent which shared prompt in which step."""

        self.party = prompts.party()
        """Party of each row of the use."""

        self.is_first = prompts.is_first()
        """Rows in whose step a party sent a prompt for the first time."""

        self._step, self._value = prompts.step[self.is_first], prompts.value[self.is_first]
        self._values = prompts.values
        self._by_value = np.argsort(prompts.value, kind="stable")
        self._inside: tuple[int, npt.NDArray[np.int64]] | None = None

    def until(self, step: int) -> npt.NDArray[np.int64]:
        """Count the parties that sent each prompt until the end of a step."""
        return np.bincount(self._value[self._step <= step], minlength=self._values)

    def of_own_community(
        self, step: int, communities: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Count those of a row's party's community that sent its prompt until the end of a step.

        Parameters:
            step: The step; at one step communities are always the same.
            communities: Of each party, `MISSING` for none, shape (parties,).

        Returns:
            Shape (rows,); at least 1, the party itself, for rows until the step.
        """
        if self._inside is None or self._inside[0] != step:
            known = self.is_first & (self.prompts.step <= step)
            inside = _users_inside(
                self._by_value, self.prompts.value, self.party, known, communities
            )
            self._inside = step, inside
        return self._inside[1]


@numba.njit(cache=True, nogil=True)
def _users_inside(
    by_value: npt.NDArray[np.int64],
    value: npt.NDArray[np.int32],
    party: npt.NDArray[np.int64],
    known: npt.NDArray[np.bool_],
    communities: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Count the first uses of each value in each community, value by value."""
    inside = np.ones(by_value.size, dtype=np.int64)
    tally = np.zeros(communities.max() + 2, dtype=np.int64)
    begin = 0
    while begin < by_value.size:
        end = begin
        while end < by_value.size and value[by_value[end]] == value[by_value[begin]]:
            row = by_value[end]
            if known[row] and communities[party[row]] != MISSING:
                tally[communities[party[row]]] += 1
            end += 1
        for place in range(begin, end):
            row = by_value[place]
            if communities[party[row]] != MISSING:
                inside[row] = tally[communities[party[row]]]
        for place in range(begin, end):
            if communities[party[by_value[place]]] != MISSING:
                tally[communities[party[by_value[place]]]] = 0
        begin = end
    return inside
