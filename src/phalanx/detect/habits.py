"""Habits of use: shares of a party's exchanges that tell harvesting from using."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.activity import Activity
from phalanx.detect.signals import USE_SIGNALS, Use

HABITS = tuple(signal.habit for signal in USE_SIGNALS)
"""Shares of exchanges, each in [0, 1]. The last is known only to a scan that was given
sketches of known sets; without them it is left out everywhere."""

SCORES = np.array(
    [
        [3.0, 3.0, 2.0, 4.0, 4.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.5, 0.5, 0.0, 2.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    ]
)
"""Weights of habits in each score: harvesting in bulk, elicitation, capability focus, soft
labels, known sets. Each score gives an e-value; they are averaged, because they share data."""

SCORE_WEIGHTS = np.array([1.0, 1.0, 1.0, 0.25, 2.0])
"""Weight of each score's e-value in the average, fixed beforehand."""

OCCASIONAL = np.array([-np.inf, 0.1, -np.inf, 0.02, 0.005])
"""Scores below this are alike: whoever asks for reasoning now and then harvests nothing."""


def scores_of(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the scores of parties, shape (parties, scores), from their habits.

    Parameters:
        shares: Shape (parties, habits); without the last habit the last score is left out.

    Examples:
        >>> scores_of(np.array([[1.0, 1.0, 1.0, 1.0, 0.05, 0.5, 0.0]])).round(2).tolist()
        [[12.2, 0.1, 3.0, 0.02]]
    """
    habits = shares.shape[1]
    scores = len(SCORES) - (len(HABITS) - habits)
    return np.asarray(np.maximum(shares @ SCORES[:scores, :habits].T, OCCASIONAL[:scores]))


KNOWN_SETS = HABITS.index("in a known seed set")
"""Position of the habit that only a scan with known sets knows."""

NOT_PUBLIC = HABITS.index("not public")
"""Position of the habit that depends on who asks."""


class Habits:
    """Habits of every party in any window of steps.

    Parameters:
        activity: What parties did.
        knows_sets: Whether prompts were compared with known sets.
    """

    def __init__(self, activity: Activity, *, knows_sets: bool) -> None:
        """Keep what parties did."""
        self._activity = activity
        self._signals = USE_SIGNALS if knows_sets else USE_SIGNALS[:-1]

    def window(
        self, first: int, last: int, public: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return exchanges, shape (parties,), and shares, shape (parties, habits).

        Parameters:
            first: First step of the window.
            last: Last step, included.
            public: Exchanges of each party in the window whose prompt others sent too.
        """
        totals: dict[str, npt.NDArray[np.float64]] = {}

        def total(column: str) -> npt.NDArray[np.float64]:
            if column not in totals:
                totals[column] = self._activity.total(column, first, last)
            return totals[column]

        use = Use(total, public)
        shares = np.stack([signal.share(use) for signal in self._signals], axis=1)
        return total("exchanges"), np.clip(shares, 0.0, 1.0)
