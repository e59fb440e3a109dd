"""Habits of use: shares of a party's exchanges that tell harvesting from using."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.activity import Activity

HABITS = (
    "never continued",
    "answer longer than question",
    "not sent before",
    "not public",
    "asks for training material",
    "targets reasoning, grading or tools",
)
"""Shares of exchanges, each in [0, 1]."""

SCORES = np.array(
    [
        [3.0, 3.0, 2.0, 4.0, 4.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        [0.0, 1.0, 0.5, 0.5, 0.0, 2.0],
    ]
)
"""Weights of habits in each score: harvesting in bulk, elicitation, capability focus.
Each score gives an e-value; they are averaged, because they share data."""

OCCASIONAL = np.array([-np.inf, 0.1, -np.inf])
"""Scores below this are alike: whoever asks for reasoning now and then harvests nothing."""


def scores_of(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the scores of parties, shape (parties, scores), from their habits.

    Examples:
        >>> scores_of(np.array([[1.0, 1.0, 1.0, 1.0, 0.05, 0.5]])).round(2).tolist()
        [[12.2, 0.1, 3.0]]
    """
    return np.asarray(np.maximum(shares @ SCORES.T, OCCASIONAL))


NOT_PUBLIC = 3
"""Position of the habit that depends on who asks."""


class Habits:
    """Habits of every party in any window of steps."""

    def __init__(self, activity: Activity) -> None:
        """Keep what parties did."""
        self._activity = activity

    def window(
        self, first: int, last: int, public: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return exchanges, shape (parties,), and shares, shape (parties, habits).

        Parameters:
            first: First step of the window.
            last: Last step, included.
            public: Exchanges of each party in the window whose prompt others sent too.
        """

        def total(column: str) -> npt.NDArray[np.float64]:
            return self._activity.total(column, first, last)

        exchanges, conversed = total("exchanges"), total("conversed")
        safe = np.maximum(exchanges, 1.0)
        unbroken = np.where(conversed > 0, total("conversations") / np.maximum(conversed, 1.0), 1.0)
        shares = np.stack(
            [
                np.minimum(total("first_turns") / safe, unbroken),
                total("long_outputs") / safe,
                total("new_prompts") / safe,
                1.0 - public / safe,
                total("elicitation") / safe,
                total("targeted") / safe,
            ],
            axis=1,
        )
        return exchanges, np.clip(shares, 0.0, 1.0)
