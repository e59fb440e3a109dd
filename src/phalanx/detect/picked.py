"""One prompt of each account and step, on which sides of random planes it lies.

Whoever sends much is not known better than by a prompt in every six hours, and a step in
which somebody sends a thousand says no more than one in which they send one.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phalanx.sketches.prompts import SIGNS


class PickedPrompts:
    """Picked prompts of all parties, added up step by step.

    Parameters:
        party: Party of each prompt, shape (prompts,).
        step: Index of its step, at least 0.
        signs: As `Sketch.signs`, 0 where there is no prompt after all.
        draw: Pseudo-random number of each party that does not depend on what it writes, shape
            (parties,).
    """

    def __init__(
        self,
        party: npt.NDArray[np.int64],
        step: npt.NDArray[np.int64],
        signs: npt.NDArray[np.int64],
        draw: npt.NDArray[np.int64],
    ) -> None:
        """Order the prompts by step; nothing is added up yet."""
        there = np.flatnonzero(signs != 0)
        order = there[np.argsort(step[there], kind="stable")]
        self.party, self.step, self.signs = party[order], step[order], signs[order]
        self.draw = draw
        self._begin()

    def _begin(self) -> None:
        self._added = 0
        self._prompts = np.zeros(self.draw.size, dtype=np.int64)
        self._sums = np.zeros((self.draw.size, SIGNS), dtype=np.float32)

    def until(self, step: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Return how many prompts of each party were picked until the end of a step, and their sum.

        Asked step after step, each prompt is added once.

        Returns:
            Shapes (parties,) and (parties, SIGNS); in the sum each prompt adds +1 or -1 to each
            place. Both are overwritten by the next call.

        Examples:
            >>> one, other = np.array([1, 0]), np.array([0, 3])
            >>> picked = PickedPrompts(one, other, np.array([5, 1]), np.arange(2))
            >>> prompts, sums = picked.until(2)
            >>> prompts.tolist(), sums[1, :4].tolist()
            ([0, 1], [1.0, -1.0, 1.0, -1.0])
        """
        last = int(np.searchsorted(self.step, step, side="right"))
        if last < self._added:
            self._begin()
        rows = slice(self._added, last)
        _add(self.party[rows], self.signs[rows], self._prompts, self._sums)
        self._added = last
        return self._prompts, self._sums


@numba.njit(cache=True, nogil=True)
def _add(
    party: npt.NDArray[np.int64],
    signs: npt.NDArray[np.int64],
    prompts: npt.NDArray[np.int64],
    sums: npt.NDArray[np.float32],
) -> None:
    """Add prompts to what is known of their parties."""
    for row in range(party.size):
        prompts[party[row]] += 1
        for place in range(sums.shape[1]):
            sums[party[row], place] += 2 * ((signs[row] >> place) & 1) - 1
