"""Who used which value that several parties share, and in which steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
from scipy import sparse


@dataclass(frozen=True, slots=True)
class SharedUse:
    """One row per party, value and step, in this order."""

    starts: npt.NDArray[np.int64]
    """Where the rows of each party start, shape (parties + 1,)."""

    value: npt.NDArray[np.int32]
    """Number of the value among all shared values."""

    step: npt.NDArray[np.int32]
    """Index of the step."""

    counts: Mapping[str, npt.NDArray[np.float32]]
    """Count -> of each row; `exchanges` at least."""

    values: int
    """Number of distinct shared values."""

    @property
    def exchanges(self) -> npt.NDArray[np.float32]:
        """Exchanges of each row."""
        return self.counts["exchanges"]

    def until(self, step: int) -> sparse.csr_array:
        """Return exchanges per party and value until the end of a step.

        Returns:
            Shape (parties, values), at least one column wide; columns ascending in each row.
        """
        return sparse.csr_array(
            _accumulate(self.starts, self.value, self.step, self.exchanges, step),
            shape=(self.starts.size - 1, max(self.values, 1)),
        )

    def party(self) -> npt.NDArray[np.int64]:
        """Return the party of each row."""
        return np.repeat(np.arange(self.starts.size - 1), np.diff(self.starts))

    def is_first(self) -> npt.NDArray[np.bool_]:
        """Mark the rows in whose step a party used a value for the first time."""
        first = np.ones(self.value.size, dtype=np.bool_)
        first[1:] = self.value[1:] != self.value[:-1]
        first[self.starts[:-1][np.diff(self.starts) > 0]] = True
        return first

    def rows_of(self, parties: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the rows of some parties, party by party."""
        lengths = self.starts[parties + 1] - self.starts[parties]
        shift = self.starts[parties] - np.concatenate([[0], np.cumsum(lengths)[:-1]])
        return np.asarray(np.arange(int(lengths.sum())) + np.repeat(shift, lengths))


def shared_use(
    party: npt.NDArray[np.int64],
    value: npt.NDArray[np.int64],
    step: npt.NDArray[np.int64],
    counts: Mapping[str, npt.NDArray[np.int64]],
    shape: tuple[int, int],
) -> SharedUse:
    """Sort use by party, value and step, and add up what agrees in all three.

    Parameters:
        party: Index of the party, shape (rows,).
        value: Number of the value, from 0, shape (rows,).
        step: Index of the step, shape (rows,).
        counts: Count -> shape (rows,); `exchanges` at least.
        shape: Number of parties and of values.

    Examples:
        >>> party, value, step, sent = np.array([[1, 0, 1], [2, 2, 0], [0, 3, 1], [5, 6, 7]])
        >>> use = shared_use(party, value, step, {"exchanges": sent}, (2, 3))
        >>> use.until(1).toarray().tolist()
        [[0.0, 0.0, 0.0], [7.0, 0.0, 5.0]]
    """
    parties, values = shape
    order = np.arange(party.size)
    # Counting sorts from the last key to the first: each keeps the order of the ones before.
    for key in (step, value, party):
        order = _sorted_by(key, order)
    is_new = np.ones(order.size, dtype=np.bool_)
    is_new[1:] = False
    for key in (step, value, party):
        is_new[1:] |= key[order[1:]] != key[order[:-1]]
    starts = np.flatnonzero(is_new)
    rows = order[starts]
    whole = starts.size == order.size
    return SharedUse(
        np.concatenate([[0], np.cumsum(np.bincount(party[rows], minlength=parties))]),
        value[rows].astype(np.int32),
        step[rows].astype(np.int32),
        {
            name: (of_rows[order] if whole else np.add.reduceat(of_rows[order], starts)).astype(
                np.float32
            )
            for name, of_rows in counts.items()
        },
        values,
    )


@numba.njit(cache=True, nogil=True)
def _sorted_by(keys: npt.NDArray[np.int64], order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Reorder rows by small non-negative keys, equals as they were."""
    place = np.zeros((keys.max() if keys.size else 0) + 2, dtype=np.int64)
    for key in keys:
        place[key + 1] += 1
    place = np.cumsum(place)
    by_key = np.empty_like(order)
    for row in order:
        by_key[place[keys[row]]] = row
        place[keys[row]] += 1
    return by_key


@numba.njit(cache=True, nogil=True)
def _accumulate(
    starts: npt.NDArray[np.int64],
    value: npt.NDArray[np.int32],
    step: npt.NDArray[np.int32],
    exchanges: npt.NDArray[np.float32],
    last: int,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Add up the steps until `last`: data, columns and row starts of a sparse matrix."""
    sums = np.empty(value.size, dtype=np.float32)
    columns = np.empty(value.size, dtype=np.int32)
    rows = np.zeros(starts.size, dtype=np.int64)
    filled = 0
    for party in range(starts.size - 1):
        row = filled
        for entry in range(starts[party], starts[party + 1]):
            if step[entry] > last:
                continue
            if filled > row and columns[filled - 1] == value[entry]:
                sums[filled - 1] += exchanges[entry]
            else:
                sums[filled], columns[filled] = exchanges[entry], value[entry]
                filled += 1
        rows[party + 1] = filled
    return sums[:filled].copy(), columns[:filled].copy(), rows
