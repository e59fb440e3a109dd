"""Find exchanges that were seen before, five million identifiers in some 70 MB.

An identifier may be unique for its account only, so two rows are one exchange when they agree
on both.
"""

from __future__ import annotations

from typing import Protocol

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.logs.cast import Mask, offsets_of
from phalanx.logs.siphash import Key, siphash, table_key

REPEATED = "exchange_id of the account seen before"
"""Why a row is rejected that repeats an exchange."""

_FIRST_SLOTS = 1 << 16
_FULLEST = 0.7


class SeenBefore(Protocol):
    """Marks exchanges that came before."""

    def duplicates(self, accounts: pa.Array, identifiers: pa.Array) -> Mask:
        """Take in columns of accounts and identifiers; mark the pairs that were there already."""
        ...


class NoneSeen:
    """Marks nothing: for a worker that sees a part of the log and cannot know.

    Examples:
        >>> NoneSeen().duplicates(pa.array(["u", "u"]), pa.array(["a", "a"])).tolist()
        [False, False]
    """

    def duplicates(self, accounts: pa.Array, identifiers: pa.Array) -> Mask:  # noqa: ARG002
        """Mark nothing."""
        return np.zeros(len(identifiers), np.bool_)


class SeenIdentifiers:
    """A set of 64-bit hashes of exchanges, which tells the first from the later ones.

    Two exchanges are taken for one with probability n²/2⁶⁵: less than one in a
    million for five million of them. The hash has a key, so that nobody who chooses
    identifiers can make a good row pass for one that was seen, or slow the search down.

    Parameters:
        key: Key of the hash; null takes that of the process.

    Examples:
        >>> seen = SeenIdentifiers()
        >>> accounts = pa.array(["u", "u", "u", "v"])
        >>> seen.duplicates(accounts, pa.array(["a", "b", "a", "a"])).tolist()
        [False, False, True, False]
        >>> seen.duplicates(pa.array(["u"]), pa.array(["b"])).tolist()
        [True]
    """

    def __init__(self, key: Key | None = None) -> None:
        """Start empty."""
        self._key = key or table_key()
        self._slots = np.zeros(_FIRST_SLOTS, np.uint64)
        self._used = 0

    def duplicates(self, accounts: pa.Array, identifiers: pa.Array) -> Mask:
        """Add exchanges and mark those that were there already.

        Parameters:
            accounts: Text without nulls.
            identifiers: Text, as long; null cells are never duplicates.

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
        hashes = exchange_hashes(accounts, identifiers, self._key)
        self._used += _insert(hashes.view(np.uint64), self._slots, marked)
        return marked


def exchange_hashes(accounts: pa.Array, identifiers: pa.Array, key: Key) -> npt.NDArray[np.int64]:
    """Return hashes by which exchanges are told apart.

    Parameters:
        accounts: Text without nulls.
        identifiers: Text or null, as long.
        key: The same wherever hashes are compared.

    Returns:
        One hash a row; 0 for null.

    Examples:
        >>> accounts = pa.array(["u", "u", "u", "v"])
        >>> hashes = exchange_hashes(accounts, pa.array(["a", None, "a", "a"]), table_key())
        >>> bool(hashes[0] == hashes[2] != hashes[3]), int(hashes[1])
        (True, 0)
    """
    hashes = np.zeros(len(identifiers), np.uint64)
    if identifiers.null_count < len(identifiers):
        _hash(
            offsets_of(accounts),
            _bytes_of(accounts),
            offsets_of(identifiers),
            _bytes_of(identifiers),
            identifiers.is_valid().to_numpy(zero_copy_only=False),
            key,
            hashes,
        )
    return hashes.view(np.int64)


def _bytes_of(text: pa.Array) -> npt.NDArray[np.uint8]:
    data = text.buffers()[2]
    return np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)


@numba.njit(cache=True, nogil=True)
def _hash(  # noqa: PLR0913, PLR0917 - a kernel takes flat arrays
    account_offsets: npt.NDArray[np.int32],
    accounts: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
    data: npt.NDArray[np.uint8],
    valid: Mask,
    key: Key,
    hashes: npt.NDArray[np.uint64],
) -> None:
    """Hash each identifier under a key that follows from its account; 0 is left for none."""
    first, second = key
    for row in range(len(valid)):
        if valid[row]:
            account = siphash(accounts, account_offsets[row], account_offsets[row + 1], key)
            own_key = (first ^ account, second)
            hashes[row] = max(siphash(data, offsets[row], offsets[row + 1], own_key), np.uint64(1))


@numba.njit(cache=True, nogil=True)
def _insert(hashes: npt.NDArray[np.uint64], slots: npt.NDArray[np.uint64], marked: Mask) -> int:
    """Insert each hash by linear probing; return how many were new."""
    mask = np.uint64(len(slots) - 1)
    added = 0
    for row, value in enumerate(hashes):
        # 0 stands for a missing identifier, and for an empty slot.
        if value == 0:
            continue
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
