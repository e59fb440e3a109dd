"""Habits of all parties in a window of days, seen alone or from a group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.habits import NOT_PUBLIC, Habits, scores_of
from phalanx.detect.population import Population

PUBLIC_OUTSIDERS = 3
"""A prompt that this many parties outside a group sent is public."""


class UseWindow:
    """Shares of habits in days `first` to `last`.

    What counts as public depends on who asks: prompts that a group's own parties pass to
    each other are not public, those that unrelated parties send too are.

    `exchanges` (parties,), `shares` (parties, habits) and `scores` (parties, scores) take
    every party by itself.
    """

    def __init__(self, population: Population, habits: Habits, first: int, last: int) -> None:
        """Count who else sent each shared prompt until the last day."""
        prompts = population.prompts
        self._count = population.parties.count
        low, high = np.searchsorted(prompts.day, [first, last + 1])
        pairs = np.unique(
            prompts.value[:high].astype(np.int64) * self._count + prompts.party[:high]
        )
        self._pair_value, self._pair_party = np.divmod(pairs, self._count)
        self._users = np.bincount(self._pair_value, minlength=prompts.values)
        self._party = prompts.party[low:high]
        self._value = prompts.value[low:high]
        self._sent = prompts.exchanges[low:high].astype(np.float64)
        alone = self._users[self._value] - 1 >= PUBLIC_OUTSIDERS
        public = np.bincount(self._party, weights=self._sent * alone, minlength=self._count).astype(
            np.float64
        )
        self.exchanges, self.shares = habits.window(first, last, public.astype(np.float64))
        self.scores = scores_of(self.shares)

    def shares_in_group(self, members: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the habits of members as seen from their group, shape (members, habits)."""
        inside = np.zeros(self._count, dtype=np.bool_)
        inside[members] = True
        own = np.bincount(self._pair_value[inside[self._pair_party]], minlength=self._users.size)
        rows = np.flatnonzero(inside[self._party])
        value = self._value[rows]
        outside = self._users[value] - own[value] >= PUBLIC_OUTSIDERS
        public = np.bincount(
            self._party[rows], weights=self._sent[rows] * outside, minlength=self._count
        )
        shares = self.shares[members]
        exchanges = np.maximum(self.exchanges[members], 1.0)
        shares[:, NOT_PUBLIC] = np.clip(1.0 - public[members] / exchanges, 0.0, 1.0)
        return shares
