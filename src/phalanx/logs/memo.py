"""Apply a Python function to the cells of a text column, once for each distinct text.

A hash table over flat byte arrays, not a dictionary of strings: most cells of a log
repeat identifiers seen before, and looking those up must not cost a Python object each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.logs.cast import Mask, offsets_of, texts
from phalanx.logs.texthash import text_hash

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
        self.count = 0

    def extend(self, column: pa.Array) -> None:
        """Append the cells of a column; null counts as empty."""
        offsets = offsets_of(column).astype(np.int64)
        used = int(self.ends[self.count])
        added = int(offsets[-1] - offsets[0])
        self.data = _grown(self.data, used + added)
        self.ends = _grown(self.ends, self.count + len(column) + 1)
        self.data[used : used + added] = _data_of(column)[offsets[0] : offsets[-1]]
        self.ends[self.count + 1 : self.count + 1 + len(column)] = used + offsets[1:] - offsets[0]
        self.count += len(column)


class Memo:
    """Remembers what a function gave for recent texts, in bounded memory.

    Parameters:
        function: From a list of texts to a list of texts or nulls, as long; pure.
        capacity: Distinct texts after which everything is forgotten, at least 1.

    Examples:
        >>> memo = Memo(lambda values: [value.upper() for value in values])
        >>> memo.apply(pa.array(["a", None, "a", "b"])).to_pylist()
        ['A', None, 'A', 'B']
    """

    def __init__(
        self, function: Callable[[list[str]], list[str | None]], capacity: int = 200_000
    ) -> None:
        """Start without memories."""
        self._function = function
        self._capacity = capacity
        self._is_null: Mask = np.zeros(1 << 8, np.bool_)
        self._forget()

    def apply(self, column: pa.Array) -> pa.Array:
        """Return the function of each cell; null stays null."""
        if self._keys.count + len(column) > self._capacity:
            self._forget()
        self._make_room(len(column))
        valid = column.is_valid().to_numpy(zero_copy_only=False)
        entries = np.empty(len(column), np.int64)
        new_rows = np.empty(len(column), np.int64)
        offsets = offsets_of(column)
        found = _find(
            offsets,
            _data_of(column),
            valid,
            self._slots,
            (self._keys.data, self._keys.ends, self._keys.count),
            entries,
            new_rows,
        )
        if found:
            self._remember(column.take(pa.array(new_rows[:found])))
        return self._gather(entries)

    def _remember(self, cells: pa.Array) -> None:
        results = texts(self._function(cells.to_pylist()))
        start = self._keys.count
        self._keys.extend(cells)
        self._results.extend(results)
        self._is_null = _grown(self._is_null, self._keys.count)
        self._is_null[start : self._keys.count] = results.is_null().to_numpy(zero_copy_only=False)

    def _gather(self, entries: npt.NDArray[np.int64]) -> pa.Array:
        ends, data = self._results.ends, self._results.data
        missing = (entries < 0) | self._is_null[entries]
        lengths = np.where(missing, 0, ends[entries + 1] - ends[entries])
        offsets = np.zeros(len(entries) + 1, np.int32)
        np.cumsum(lengths, out=offsets[1:])
        text = np.empty(int(offsets[-1]), np.uint8)
        _copy(entries, ends, data, offsets, text)
        bitmap = None
        if missing.any():
            bitmap = pa.py_buffer(np.packbits(~missing, bitorder="little"))
        return pa.StringArray.from_buffers(
            len(entries), pa.py_buffer(offsets), pa.py_buffer(text), bitmap
        )

    def _forget(self) -> None:
        self._keys = Texts()
        self._results = Texts()
        self._slots = np.full(1 << 10, -1, np.int64)

    def _make_room(self, rows: int) -> None:
        """Keep at least half the slots free, so that probing stays short."""
        wanted = 2 * (self._keys.count + rows)
        if wanted <= len(self._slots):
            return
        self._slots = np.full(1 << (2 * wanted).bit_length(), -1, np.int64)
        _index(self._keys.data, self._keys.ends, self._keys.count, self._slots)


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
        slot = text_hash(data, start, end) & mask
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
def _index(data: Bytes, ends: Offsets, count: int, slots: npt.NDArray[np.int64]) -> None:
    mask = np.uint64(len(slots) - 1)
    for entry in range(count):
        slot = text_hash(data, ends[entry], ends[entry + 1]) & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = entry


@numba.njit(cache=True, nogil=True)
def _copy(
    entries: npt.NDArray[np.int64],
    ends: Offsets,
    data: Bytes,
    offsets: npt.NDArray[np.int32],
    text: Bytes,
) -> None:
    for row in range(len(entries)):
        start = offsets[row]
        length = offsets[row + 1] - start
        source = ends[entries[row]]
        for step in range(length):
            text[start + step] = data[source + step]
