"""With whom a group or a party is compared: other operators, each counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.detect.links import BIRTH_BURST, MISSING, Moment
from phalanx.detect.own_use import OwnUse
from phalanx.detect.thresholds import MINIMUM_EXCHANGES
from phalanx.detect.use_window import UseWindow

FEWEST_SUSPECTED, SUSPECTED_ONE_IN = 2, 4
"""So many suspected parties, and one in so many of those that registered in an hour or a day,
make the others of that time unfit as a reference."""


def registered_among(
    births: Sequence[npt.NDArray[np.int64]], suspected: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Mark parties that registered at times at which many suspected ones did.

    When somebody registered says nothing of how he uses the model, so that the ranks of
    honest parties stay what they are when some of them are left out for it.

    Parameters:
        births: Time of registration at one or several resolutions, `MISSING` where unknown,
            each of shape (parties,).
        suspected: Parties that may be of one operator, shape (parties,).

    Examples:
        >>> hour = np.array([7, 7, 7, 8, 8, 8, MISSING])
        >>> suspected = np.array([1, 1, 0, 1, 0, 0, 1], dtype=bool)
        >>> registered_among([hour], suspected).tolist()
        [True, True, True, False, False, False, False]
    """
    marked = np.zeros(suspected.size, dtype=np.bool_)
    for time in births:
        known = np.flatnonzero(time != MISSING)
        _, code, of_time = np.unique(time[known], return_inverse=True, return_counts=True)
        bad = np.bincount(code[suspected[known]], minlength=of_time.size)
        unfit = (bad >= FEWEST_SUSPECTED) & (SUSPECTED_ONE_IN * bad >= of_time)
        marked[known] |= unfit[code]
    return marked


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


def operators_beside(suspected: Sequence[npt.NDArray[np.int64]], moment: Moment) -> Operators:
    """Return everybody but suspected groups, which count as one operator each.

    Members whom no group has caught yet are few, and enough to hide all others. So whoever
    registered among suspected parties counts as nobody. Who has not appeared yet is not known.

    Parameters:
        suspected: Parties of each group.
        moment: What is known.
    """
    alone = np.ones(moment.population.parties.count, dtype=np.bool_)
    for members in suspected:
        alone[members] = False
    has_appeared = moment.population.activity.joined <= moment.step
    births = [np.where(has_appeared, born, MISSING) for born in BIRTH_BURST.values(moment)]
    return Operators(alone & ~registered_among(births, ~alone), suspected)


@dataclass(frozen=True, slots=True)
class Reference:
    """Operators that use the model on the days of a test."""

    window: UseWindow
    """Habits on those days."""

    operators: Operators
    """Who counts as one operator."""

    own: OwnUse
    """How each party uses the own content of its community, one entry per party."""
