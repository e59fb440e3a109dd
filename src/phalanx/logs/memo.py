"""Apply a Python function to the cells of a text column, once for each distinct text.

A hash table over flat byte arrays, not a dictionary of strings: most cells of a log
repeat identifiers seen before, and looking those up must not cost a Python object each.
Its hash has a key, so that a log cannot be written whose cells all fall into one slot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.logs.cast import Mask, offsets_of, texts
from phalanx.logs.siphash import Key, siphash, table_key

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]

Scalar = TypeVar("Scalar", bound=np.generic)

_NOTHING = np.zeros(0, np.uint8)


class Texts:
    """Texts, one after the other in one array of bytes that grows."""

    def __init__(self) -> None:
        """Start without texts."""
        self.data: Bytes = np.zeros(1 << 12, np.uint8)
        # Text i ends, and text i+1 begins, at ends[i+1].
        self.ends: Offsets = np.zeros(1 << 8, np.int64)
        self.is_null: Mask = np.zeros(1 << 8, np.bool_)
        self.count = 0

    def extend(self, column: pa.Array) -> None:
        """Append the cells of a column; a null one is empty and marked."""
        offsets = offsets_of(column).astype(np.int64)
        used = int(self.ends[self.count])
        added = int(offsets[-1] - offsets[0])
        self.data = _grown(self.data, used + added)
        self.ends = _grown(self.ends, self.count + len(column) + 1)
        self.data[used : used + added] = _data_of(column)[offsets[0] : offsets[-1]]
        self.ends[self.count + 1 : self.count + 1 + len(column)] = used + offsets[1:] - offsets[0]
        self.is_null = _grown(self.is_null, self.count + len(column))
        nulls = column.is_null().to_numpy(zero_copy_only=False)
        self.is_null[self.count : self.count + len(column)] = nulls
        self.count += len(column)

    def column(self) -> pa.Array:
        """Show the texts as a column, without a copy."""
        is_null = self.is_null[: self.count]
        bitmap = None
        if is_null.any():
            bitmap = pa.py_buffer(np.packbits(~is_null, bitorder="little"))
        buffers = (pa.py_buffer(self.ends), pa.py_buffer(self.data), bitmap)
        return pa.LargeStringArray.from_buffers(self.count, *buffers)


class Memo:
    """Remembers what functions gave for recent texts, in bounded memory.

    Parameters:
        functions: From a list of texts to a list of texts or nulls, as long; pure.
        capacity: Distinct texts after which everything is forgotten, at least 1.

    Examples:
        >>> memo = Memo(lambda values: [value.upper() for value in values])
        >>> memo.apply(pa.array(["a", None, "a", "b"]))[0].to_pylist()
        ['A', None, 'A', 'B']
    """

    def __init__(
        self, *functions: Callable[[list[str]], list[str | None]], capacity: int = 200_000
    ) -> None:
        """Start without memories."""
        self._functions = functions
        self._capacity = capacity
        self._key = table_key()
        self._forget()

    def apply(self, column: pa.Array) -> list[pa.Array]:
        """Return each function of each cell; null stays null."""
        if self._keys.count + len(column) > self._capacity:
            self._forget()
        self._make_room(len(column))
        entries = np.empty(len(column), np.int64)
        new_rows = np.empty(len(column), np.int64)
        found = _find(
            offsets_of(column),
            _data_of(column),
            column.is_valid().to_numpy(zero_copy_only=False),
            self._slots,
            self._key,
            (self._keys.data, self._keys.ends, self._keys.count),
            entries,
            new_rows,
        )
        if found:
            cells = column.take(pa.array(new_rows[:found]))
            self._keys.extend(cells)
            values = cells.to_pylist()
            for function, results in zip(self._functions, self._results, strict=True):
                results.extend(texts(function(values)))
        return [_gathered(entries, results) for results in self._results]

    def _forget(self) -> None:
        self._keys = Texts()
        self._results = [Texts() for _ in self._functions]
        self._slots = np.full(1 << 10, -1, np.int64)

    def _make_room(self, rows: int) -> None:
        """Keep at least half the slots free, so that probing stays short."""
        wanted = 2 * (self._keys.count + rows)
        if wanted <= len(self._slots):
            return
        self._slots = np.full(1 << (2 * wanted).bit_length(), -1, np.int64)
        _index(self._keys.data, self._keys.ends, self._keys.count, self._slots, self._key)


def _gathered(entries: npt.NDArray[np.int64], results: Texts) -> pa.Array:
    """Build a column from numbered texts; a negative number is null."""
    missing = entries < 0
    indices = pa.array(entries, mask=missing) if missing.any() else pa.array(entries)
    return results.column().take(indices).cast(pa.string())


def _grown(array: npt.NDArray[Scalar], wanted: int) -> npt.NDArray[Scalar]:
    if wanted <= len(array):
        return array
    larger = np.zeros(max(wanted, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


def _data_of(column: pa.Array) -> Bytes:
    data = column.buffers()[2] if len(column) else None
    return _NOTHING if data is None else np.frombuffer(data, np.uint8)


@numba.njit(cache=True, nogil=True)
def _find(  # noqa: PLR0913, PLR0917 - a kernel takes flat arrays
    offsets: npt.NDArray[np.int32],
    data: Bytes,
    valid: Mask,
    slots: npt.NDArray[np.int64],
    key: Key,
    keys: tuple[Bytes, Offsets, int],
    entries: npt.NDArray[np.int64],
    new_rows: npt.NDArray[np.int64],
) -> int:
    """Number each cell by its distinct text; new texts get the next numbers.

    Returns how many are new, and their first rows in `new_rows`.
    """
    key_data, key_ends, known = keys
    mask = np.uint64(len(slots) - 1)
    new = 0
    for row in range(len(valid)):
        entries[row] = -1
        if not valid[row]:
            continue
        start, end = offsets[row], offsets[row + 1]
        slot = siphash(data, start, end, key) & mask
        while slots[slot] >= 0:
            entry = slots[slot]
            if entry < known:
                same = _same(data, start, end, key_data, key_ends[entry], key_ends[entry + 1])
            else:
                first = new_rows[entry - known]
                same = _same(data, start, end, data, offsets[first], offsets[first + 1])
            if same:
                entries[row] = entry
                break
            slot = (slot + np.uint64(1)) & mask
        if entries[row] < 0:
            slots[slot] = known + new
            entries[row] = known + new
            new_rows[new] = row
            new += 1
    return new


@numba.njit(cache=True, nogil=True)
def _same(  # noqa: PLR0913, PLR0917 - a kernel takes flat arrays
    left: Bytes, left_start: int, left_end: int, right: Bytes, right_start: int, right_end: int
) -> bool:
    if left_end - left_start != right_end - right_start:
        return False
    for step in range(left_end - left_start):
        if left[left_start + step] != right[right_start + step]:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _index(data: Bytes, ends: Offsets, count: int, slots: npt.NDArray[np.int64], key: Key) -> None:
    mask = np.uint64(len(slots) - 1)
    for entry in range(count):
        slot = siphash(data, ends[entry], ends[entry + 1], key) & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = entry
