"""With whom a group or a party is compared: other operators, each counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.detect.own_use import OwnUse
from phalanx.detect.thresholds import MINIMUM_EXCHANGES
from phalanx.detect.use_window import UseWindow


class Operators:
    """Parties that count as one operator each, and groups that count as one, whatever their size.

    Parameters:
        alone: Parties that count by themselves, shape (parties,).
        groups: Groups of parties, each one operator.
    """

    def __init__(
        self, alone: npt.NDArray[np.bool_], groups: Sequence[npt.NDArray[np.int64]]
    ) -> None:
        """Keep who is who; no habits are known yet."""
        self.alone = alone
        self.groups = len(groups)
        self._members = np.concatenate([np.zeros(0, dtype=np.int64), *groups])
        self._group = np.repeat(np.arange(len(groups)), [group.size for group in groups])
        self._scores: dict[UseWindow, npt.NDArray[np.float64]] = {}

    def scores_of_groups(
        self, window: UseWindow, without: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """Return the mean scores of each group that is active and shares none of some parties.

        Parameters:
            window: Habits on the days of a test.
            without: Parties under test; their groups are left out.

        Returns:
            Shape (groups left, scores).
        """
        if window not in self._scores:
            self._scores[window] = self._means(window)
        tested = np.zeros(self.alone.size, dtype=np.bool_)
        tested[without] = True
        sharing = np.bincount(self._group[tested[self._members]], minlength=self.groups) > 0
        scores = self._scores[window]
        return scores[~sharing & ~np.isnan(scores[:, 0])]

    def _means(self, window: UseWindow) -> npt.NDArray[np.float64]:
        """Average over the members whose habits are known; not a number where there are none."""
        known = window.exchanges[self._members] >= MINIMUM_EXCHANGES
        members, group = self._members[known], self._group[known]
        counts = np.bincount(group, minlength=self.groups)
        sums = [
            np.bincount(group, weights=column, minlength=self.groups)
            for column in window.scores[members].T
        ]
        with np.errstate(invalid="ignore"):
            return np.asarray(np.column_stack(sums) / counts[:, None])


@dataclass(frozen=True, slots=True)
class Reference:
    """Operators that use the model on the days of a test."""

    window: UseWindow
    """Habits on those days."""

    operators: Operators
    """Who counts as one operator."""

    own: OwnUse
    """How each party uses the own content of its community, one entry per party."""
