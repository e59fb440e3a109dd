"""Habits of all parties in a window of days, seen from one group at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.honest import NOT_PUBLIC, Habits
from phalanx.detect.population import Population

PUBLIC_OUTSIDERS = 3
"""A prompt that this many parties outside a group sent is public."""


class UseWindow:
    """Shares of habits in days `first` to `last`.

    What counts as public depends on who asks: prompts that a group's own parties pass to
    each other are not public, those that unrelated parties send too are.
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
        public = np.bincount(self._party, weights=self._sent * alone, minlength=self._count)
        self._exchanges, self._shares = habits.window(first, last, public)

    def alone(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return exchanges and shares of every party taken by itself."""
        return self._exchanges, self._shares

    def for_group(
        self, members: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return exchanges, shape (parties,), and shares, shape (parties, habits)."""
        inside = np.zeros(self._count, dtype=np.bool_)
        inside[members] = True
        own = np.bincount(
            self._pair_value[inside[self._pair_party]], minlength=self._users.size
        )
        rows = np.flatnonzero(inside[self._party])
        value = self._value[rows]
        outside = self._users[value] - own[value] >= PUBLIC_OUTSIDERS
        public = np.bincount(
            self._party[rows], weights=self._sent[rows] * outside, minlength=self._count
        )
        shares = self._shares.copy()
        exchanges = np.maximum(self._exchanges[members], 1.0)
        shares[members, NOT_PUBLIC] = np.clip(1.0 - public[members] / exchanges, 0.0, 1.0)
        return self._exchanges, shares
