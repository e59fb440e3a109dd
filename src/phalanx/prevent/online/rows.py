"""Accounts of an epoch: sums over their answers, and how far beyond the reference they came.

A row is 45 bytes, 16 of a keyed hash, 24 of sums and 5 of ranks, and 53 with its places in the
index. It is taken at the first answer and kept until the epoch ends: who was watched goes on being
watched, and whoever comes when all rows are taken is not, which is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from phalanx.prevent.online.statistics import STATISTICS, SUMS, add_answer, statistic
from phalanx.prevent.state.kernel import find

USED, FAR, UNWATCHED = 0, 1, 2
"""Places in `Rows.tally`: rows in use, those that are far out, answers of accounts without one."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A table of accounts. What is in the arrays changes; the arrays stay."""

    identity: npt.NDArray[np.uint64]
    """Shape (capacity, 2)."""

    sums: npt.NDArray[np.float32]
    """Shape (capacity, SUMS)."""

    rank: npt.NDArray[np.uint8]
    """First of the reference's largest values that each statistic came beyond, by its place; the
    number of them where it came beyond none. Shape (capacity, statistics)."""

    index: npt.NDArray[np.int32]
    """Row of an identity, by open addressing; -1 where there is none."""

    tally: npt.NDArray[np.int64]

    @property
    def capacity(self) -> int:
        """Return how many rows there are."""
        return int(self.identity.shape[0])

    @property
    def bytes_per_account(self) -> float:
        """Return the memory of the arrays, divided by the rows."""
        arrays = (self.identity, self.sums, self.rank, self.index)
        return sum(array.nbytes for array in arrays) / self.capacity

    def clear(self) -> None:
        """Forget all accounts."""
        used = int(self.tally[USED])
        self.sums[:used] = 0
        self.index[:] = -1
        self.tally[:] = 0


def empty_rows(capacity: int) -> Rows:
    """Return a table of nobody.

    Parameters:
        capacity: Rows, from 1 to 2^30. Memory is taken as rows are used.

    Examples:
        >>> round(empty_rows(1 << 20).bytes_per_account)
        53
    """
    return Rows(
        np.zeros((capacity, 2), dtype=np.uint64),
        np.zeros((capacity, SUMS), dtype=np.float32),
        np.zeros((capacity, len(STATISTICS)), dtype=np.uint8),
        np.full(1 << (2 * capacity - 1).bit_length(), -1, dtype=np.int32),
        np.zeros(3, dtype=np.int64),
    )


@numba.njit(cache=True, nogil=True)
def observe(
    identity: npt.NDArray[np.uint64],
    sums: npt.NDArray[np.float32],
    rank: npt.NDArray[np.uint8],
    index: npt.NDArray[np.int32],
    tally: npt.NDArray[np.int64],
    first: np.uint64,
    second: np.uint64,
    thresholds: npt.NDArray[np.float64],
    far: int,
    signs: int,
    asked_tokens: int,
    tokens: int,
    value: float,
    weight: float,
    repeated: float,
) -> tuple[int, bool]:
    """Count an answer, and see how far its account has come.

    Parameters:
        thresholds: Of the reference, shape (statistics, anchors).
        far: Rank from which down the first statistic is far out.

    Returns:
        Its row, -1 if all are taken; and whether some statistic came further.
    """
    row, place = find(identity, index, first, second)
    if row < 0:
        if tally[USED] == identity.shape[0]:
            tally[UNWATCHED] += 1
            return -1, False
        row = tally[USED]
        tally[USED] += 1
        identity[row, 0], identity[row, 1] = first, second
        rank[row] = thresholds.shape[1]
        index[place] = row
    was_far = rank[row, 0] <= far
    came_further = advance(
        sums[row], rank[row], thresholds, signs, asked_tokens, tokens, value, weight, repeated
    )
    tally[FAR] += (rank[row, 0] <= far) and not was_far
    return row, came_further


@numba.njit(cache=True, nogil=True)
def advance(
    sums: npt.NDArray[np.float32],
    rank: npt.NDArray[np.uint8],
    thresholds: npt.NDArray[np.float64],
    signs: int,
    asked_tokens: int,
    tokens: int,
    value: float,
    weight: float,
    repeated: float,
) -> bool:
    """Count an answer of one account; tell whether some statistic came further than before."""
    add_answer(sums, signs, asked_tokens, tokens, value, weight, repeated)
    came_further = False
    for number in range(rank.size):
        now = statistic(sums, number)
        while rank[number] > 0 and now > thresholds[number, rank[number] - 1]:
            rank[number] -= 1
            came_further = True
    return came_further


@numba.njit(cache=True, nogil=True)
def largest_of(
    account: npt.NDArray[np.int64],
    signs: npt.NDArray[np.int64],
    asked_tokens: npt.NDArray[np.int64],
    tokens: npt.NDArray[np.int64],
    value: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    repeated: float,
    largest: npt.NDArray[np.float64],
) -> None:
    """Find the largest value of each statistic of each account.

    Parameters:
        account: Of each answer, in the order in which they ended.
        largest: Filled, shape (accounts, statistics); zero where an account had no answer.
    """
    sums = np.zeros((largest.shape[0], 6), dtype=np.float32)
    for row in range(account.size):
        who = account[row]
        add_answer(
            sums[who], signs[row], asked_tokens[row], tokens[row], value[row], weight[row], repeated
        )
        for number in range(largest.shape[1]):
            largest[who, number] = max(largest[who, number], statistic(sums[who], number))
