"""Find exchange identifiers that were seen before, five million in some 70 MB."""

from __future__ import annotations

from typing import Protocol

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.logs.cast import Mask, offsets_of
from phalanx.logs.siphash import Key, siphash, table_key

_FIRST_SLOTS = 1 << 16
_FULLEST = 0.7


class SeenBefore(Protocol):
    """Marks identifiers that came before."""

    def duplicates(self, identifiers: pa.Array) -> Mask:
        """Take in a column of identifiers and mark those that were there already."""
        ...


class NoneSeen:
    """Marks nothing: for a worker that sees a part of the log and cannot know.

    Examples:
        >>> NoneSeen().duplicates(pa.array(["a", "a"])).tolist()
        [False, False]
    """

    def duplicates(self, identifiers: pa.Array) -> Mask:
        """Mark nothing."""
        return np.zeros(len(identifiers), np.bool_)


class SeenIdentifiers:
    """A set of 64-bit hashes of identifiers, which tells the first from the later ones.

    Two identifiers are taken for one with probability n²/2⁶⁵: less than one in a
    million for five million of them. The hash has a key, so that nobody who chooses
    identifiers can make a good row pass for one that was seen, or slow the search down.

    Parameters:
        key: Key of the hash; null takes that of the process.

    Examples:
        >>> seen = SeenIdentifiers()
        >>> seen.duplicates(pa.array(["a", "b", "a", None])).tolist()
        [False, False, True, False]
        >>> seen.duplicates(pa.array(["b"])).tolist()
        [True]
    """

    def __init__(self, key: Key | None = None) -> None:
        """Start empty."""
        self._key = key or table_key()
        self._slots = np.zeros(_FIRST_SLOTS, np.uint64)
        self._used = 0

    def duplicates(self, identifiers: pa.Array) -> Mask:
        """Add a column of identifiers and mark those that were there already.

        Parameters:
            identifiers: Text; null cells are never duplicates.

        Returns:
            One truth value a row.
        """
        marked = np.zeros(len(identifiers), np.bool_)
        if identifiers.null_count == len(identifiers):
            return marked
        while self._used + len(identifiers) > _FULLEST * len(self._slots):
            larger = np.zeros(2 * len(self._slots), np.uint64)
            _move(self._slots, larger)
            self._slots = larger
        _, _, data = identifiers.buffers()
        self._used += _insert(
            offsets_of(identifiers),
            np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8),
            identifiers.is_valid().to_numpy(zero_copy_only=False),
            self._slots,
            self._key,
            marked,
        )
        return marked


def identifier_hashes(identifiers: pa.Array, key: Key) -> npt.NDArray[np.int64]:
    """Return hashes by which identifiers are told apart where no set of them is at hand.

    Parameters:
        identifiers: Text or null.
        key: The same wherever hashes are compared.

    Returns:
        One hash a row; 0 for null.

    Examples:
        >>> hashes = identifier_hashes(pa.array(["a", None, "a"]), table_key())
        >>> bool(hashes[0] == hashes[2] != 0), int(hashes[1])
        (True, 0)
    """
    hashes = np.zeros(len(identifiers), np.uint64)
    if identifiers.null_count < len(identifiers):
        _, _, data = identifiers.buffers()
        _hash(
            offsets_of(identifiers),
            np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8),
            identifiers.is_valid().to_numpy(zero_copy_only=False),
            key,
            hashes,
        )
    return hashes.view(np.int64)


@numba.njit(cache=True, nogil=True)
def _hash(
    offsets: npt.NDArray[np.int32],
    data: npt.NDArray[np.uint8],
    valid: Mask,
    key: Key,
    hashes: npt.NDArray[np.uint64],
) -> None:
    for row in range(len(valid)):
        if valid[row]:
            hashes[row] = max(siphash(data, offsets[row], offsets[row + 1], key), np.uint64(1))


@numba.njit(cache=True, nogil=True)
def _insert(  # noqa: PLR0913, PLR0917 - a kernel takes flat arrays
    offsets: npt.NDArray[np.int32],
    data: npt.NDArray[np.uint8],
    valid: Mask,
    slots: npt.NDArray[np.uint64],
    key: Key,
    marked: Mask,
) -> int:
    """Insert each identifier by linear probing; return how many were new."""
    mask = np.uint64(len(slots) - 1)
    added = 0
    for row in range(len(valid)):
        if not valid[row]:
            continue
        # 0 marks an empty slot.
        value = max(siphash(data, offsets[row], offsets[row + 1], key), np.uint64(1))
        slot = value & mask
        while slots[slot] != 0 and slots[slot] != value:
            slot = (slot + np.uint64(1)) & mask
        if slots[slot] == value:
            marked[row] = True
        else:
            slots[slot] = value
            added += 1
    return added


@numba.njit(cache=True, nogil=True)
def _move(before: npt.NDArray[np.uint64], after: npt.NDArray[np.uint64]) -> None:
    mask = np.uint64(len(after) - 1)
    for value in before:
        if value == 0:
            continue
        slot = value & mask
        while after[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        after[slot] = value
