"""What parties did, step by step; only the steps in which they were active take room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NEVER = -1
"""Minute of a party that was silent."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One row per party and step in which it was active, ordered by step, then party."""

    starts: npt.NDArray[np.int64]
    """Where the rows of each step start, shape (steps + 1,)."""

    party: npt.NDArray[np.int64]
    """Party of each row."""

    minute: npt.NDArray[np.int32]
    """Minute of the step of one exchange, picked blindly."""

    counts: Mapping[str, npt.NDArray[np.float32]]
    """Column of `population.COUNT_COLUMNS` -> count of each row."""

    joined: npt.NDArray[np.int64]
    """First active step of each party, shape (parties,)."""

    @property
    def steps(self) -> int:
        """Number of steps."""
        return self.starts.size - 1

    @property
    def parties(self) -> int:
        """Number of parties."""
        return self.joined.size

    def is_active(self, step: int) -> bool:
        """Return whether any party was active in a step."""
        return bool(self.starts[step + 1] > self.starts[step])

    def total(self, column: str, first: int, last: int) -> npt.NDArray[np.float64]:
        """Add up a count over steps `first` to `last`, shape (parties,).

        Examples:
            >>> rows = np.array([[0, 2], [1, 0], [0, 1], [5, 7]])
            >>> activity = arrange(*rows[:3], {"exchanges": rows[3]}, (3, 2))
            >>> activity.total("exchanges", 0, 1).tolist()
            [5.0, 0.0, 7.0]
            >>> activity.total("exchanges", 0, 0).tolist()
            [0.0, 0.0, 7.0]
        """
        rows = slice(self.starts[first], self.starts[last + 1])
        return np.bincount(
            self.party[rows], weights=self.counts[column][rows], minlength=self.parties
        ).astype(np.float64)

    def active_steps(self, first: int, last: int) -> npt.NDArray[np.int64]:
        """Count the steps `first` to `last` in which each party was active, shape (parties,)."""
        rows = slice(self.starts[first], self.starts[last + 1])
        return np.bincount(self.party[rows], minlength=self.parties)

    def minutes_at(self, step: int) -> npt.NDArray[np.int64]:
        """Return the picked minute of each party in a step, `NEVER` where silent."""
        minutes = np.full(self.parties, NEVER, dtype=np.int64)
        rows = slice(self.starts[step], self.starts[step + 1])
        minutes[self.party[rows]] = self.minute[rows]
        return minutes


def arrange(
    party: npt.NDArray[np.int64],
    step: npt.NDArray[np.int64],
    minute: npt.NDArray[np.int32],
    counts: Mapping[str, npt.NDArray[np.number]],
    shape: tuple[int, int],
) -> Activity:
    """Add up rows of one party and step, and order them.

    Parameters:
        party: Shape (rows,); one party may have several rows in a step.
        step: From 0, shape (rows,).
        minute: Of the step, shape (rows,); the first row of a party and step counts.
        counts: Column -> counts, shape (rows,).
        shape: Number of parties, each with at least one row, and of steps.
    """
    parties, steps = shape
    cells, first, row = np.unique(step * parties + party, return_index=True, return_inverse=True)
    of_step, of_party = np.divmod(cells, parties)
    joined = np.full(parties, steps, dtype=np.int64)
    np.minimum.at(joined, of_party, of_step)
    return Activity(
        starts=np.searchsorted(of_step, np.arange(steps + 1)),
        party=of_party,
        minute=minute[first],
        counts={
            name: np.bincount(row, weights=values, minlength=cells.size).astype(np.float32)
            for name, values in counts.items()
        },
        joined=joined,
    )
