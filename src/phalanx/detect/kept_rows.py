"""The narrow rows of earlier scans, asked for the values of the next part of a log.

Few values of the past occur in the next part, and fewer are shared. So the past is read a
column at a time, against a table of the values of the part, and only rows that matter are put
together. An engine would first put together all that the rows carry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from phalanx.detect.narrow import NARROW_SCHEMA

REQUEST = "request"
"""Key of a last turn with all earlier ones; not a column, made of two."""

_PLACES_PER_VALUE = 4
_GROUPS_REMEMBERED = 64

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Carriers:
    """Rows of one row group that carry wanted values."""

    group: int
    row: Integers
    """Ascending, from 0 in each group."""

    value: npt.NDArray[np.int32]
    """Place of the value of each among the wanted ones."""


@dataclass(frozen=True)
class KeptRows:
    """Narrow tables, one file each."""

    files: tuple[Path, ...]

    @cached_property
    def _groups(self) -> tuple[tuple[int, int], ...]:
        """Return the file and the place in it of each row group."""
        return tuple(
            (file, group)
            for file, path in enumerate(self.files)
            for group in range(pq.read_metadata(path).num_row_groups)
        )

    @cached_property
    def _opened(self) -> Callable[[int], pq.ParquetFile]:
        """Keep one file open: groups are read in order, and there may be many files."""
        return lru_cache(maxsize=1)(lambda file: pq.ParquetFile(self.files[file]))

    def read(self, group: int, columns: Sequence[str]) -> pa.Table:
        """Return some columns of a row group."""
        file, place = self._groups[group]
        return self._opened(file).read_row_group(place, list(columns), use_threads=False)

    @cached_property
    def _accounts(self) -> Callable[[int], Integers]:
        """Remember the accounts of the groups read last, which each column is asked for."""
        return lru_cache(maxsize=_GROUPS_REMEMBERED)(lambda group: self.keys(group, "account"))

    def accounts(self, carriers: Carriers) -> Integers:
        """Return the hashes of the accounts of some rows."""
        return self._accounts(carriers.group)[carriers.row]

    def keys(self, group: int, name: str) -> Integers:
        """Return what the rows of a group carry in a column, 0 for nothing."""
        if name != REQUEST:
            return np.asarray(self.read(group, [name])[name].to_numpy())
        turns = self.read(group, ["exact", "prefix"])
        last = turns["exact"].to_numpy()
        return np.where(last != 0, last ^ turns["prefix"].to_numpy(), 0)

    def values(self, name: str) -> pa.Array:
        """Return the distinct values of a column, 0 among them if a row has none."""
        keys = [self.keys(group, name) for group in range(len(self._groups))]
        return pc.unique(pa.chunked_array(keys, pa.int64()))

    def carriers(self, name: str, wanted: pa.Array) -> Iterator[Carriers]:
        """Find the rows that carry one of some values.

        Parameters:
            name: A column of hashes, or `REQUEST`.
            wanted: Distinct values.
        """
        if not len(wanted):
            return
        values = wanted.to_numpy()
        places = _placed(values, 1 << (_PLACES_PER_VALUE * values.size - 1).bit_length())
        for group in range(len(self._groups)):
            row, value = _find(self.keys(group, name), values, places)
            if row.size:
                yield Carriers(group, row, value)


@numba.njit(cache=True, nogil=True)
def _placed(values: Integers, size: int) -> npt.NDArray[np.int32]:
    """Put the numbers of distinct hashes where their last bits say, or after; -1 is free.

    Parameters:
        values: Shape (values,).
        size: Places, a power of two and more than values.
    """
    places = np.full(size, -1, dtype=np.int32)
    for number in range(values.size):
        place = values[number] & (size - 1)
        while places[place] >= 0:
            place = (place + 1) & (size - 1)
        places[place] = number
    return places


@numba.njit(cache=True, nogil=True)
def _find(
    keys: Integers, values: Integers, places: npt.NDArray[np.int32]
) -> tuple[Integers, npt.NDArray[np.int32]]:
    """Return the rows whose keys are among placed values, and the number of the value of each."""
    row = np.empty(keys.size, dtype=np.int64)
    value = np.empty(keys.size, dtype=np.int32)
    found = 0
    for n in range(keys.size):
        place = keys[n] & (places.size - 1)
        while places[place] >= 0:
            if values[places[place]] == keys[n]:
                row[found], value[found] = n, places[place]
                found += 1
                break
            place = (place + 1) & (places.size - 1)
    return row[:found].copy(), value[:found].copy()


@dataclass(frozen=True, slots=True)
class SharedRows:
    """Rows that carry values which several accounts share by the end of a part."""

    known: pa.Table
    """Rows of the part, with values that were shared before."""

    new: pa.Table
    """Rows of the part and of its past, with values that became shared in it."""


def find_shared(
    part: KeptRows, past: KeptRows, known: Mapping[str, pa.Array], details: Sequence[str]
) -> SharedRows:
    """Find the rows with shared values.

    Parameters:
        part: The next part of a log.
        past: All parts before it.
        known: Column -> values that were shared before.
        details: Further columns that are wanted.

    Returns:
        Tables with one row per exchange and column: `key`, the place of the column in `known`,
        `hash`, and the details.
    """
    everything = KeptRows((*past.files, *part.files))
    old: list[_Found] = []
    new: list[_Found] = []
    for key, (name, shared) in enumerate(known.items()):
        values = part.values(name)
        passed_over = pa.concat_arrays([shared, pa.array([0], pa.int64())])
        unknown = values.filter(pc.invert(pc.is_in(values, value_set=passed_over)))
        old += _found(key, part.carriers(name, shared), shared)
        new += _found(key, _become_shared(everything, name, unknown), unknown)
    return SharedRows(_put_together(part, old, details), _put_together(everything, new, details))


def _become_shared(rows: KeptRows, name: str, values: pa.Array) -> list[Carriers]:
    """Find the rows with values that several accounts carry: not all are the one seen first."""
    first = np.zeros(len(values), dtype=np.int64)
    is_seen = np.zeros(len(values), dtype=np.bool_)
    is_shared = np.zeros(len(values), dtype=np.bool_)
    all_met = list(rows.carriers(name, values))
    for met in all_met:
        account = rows.accounts(met)
        unseen = ~is_seen[met.value]
        first[met.value[unseen]] = account[unseen]
        is_seen[met.value] = True
        is_shared[met.value[first[met.value] != account]] = True
    return [
        Carriers(met.group, met.row[kept], met.value[kept])
        for met in all_met
        if (kept := is_shared[met.value]).any()
    ]


@dataclass(frozen=True, slots=True)
class _Found:
    """Rows of one row group that carry shared values of one column."""

    key: int
    """Place of the column."""

    group: int
    row: Integers
    hash: pa.Array
    """Of the value of each."""


def _found(key: int, carriers: Iterable[Carriers], values: pa.Array) -> Iterator[_Found]:
    for met in carriers:
        yield _Found(key, met.group, met.row, values.take(pa.array(met.value)))


def _put_together(rows: KeptRows, found: Sequence[_Found], details: Sequence[str]) -> pa.Table:
    """Read the details of rows, each row group once."""
    fields = [("key", pa.int64()), ("hash", pa.int64())]
    schema = pa.schema([*(NARROW_SCHEMA.field(name) for name in details), *fields])
    parts = [schema.empty_table()]
    for group, wanted in groupby(sorted(found, key=_group), key=_group):
        of_group = rows.read(group, details)
        for each in wanted:
            own = of_group.take(pa.array(each.row))
            keys = pa.array(np.full(each.row.size, each.key))
            parts.append(pa.table([*own.columns, keys, each.hash], schema=schema))
    return pa.concat_tables(parts)


_group = attrgetter("group")
