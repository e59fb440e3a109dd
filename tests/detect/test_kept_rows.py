"""Rows of the past that the next part of a log has something to do with."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from phalanx.detect.kept_rows import REQUEST, KeptRows, find_shared
from phalanx.detect.narrow import NARROW_SCHEMA

FEW = 2
"""Rows of a row group."""

# The same last bits, so that values stand in each other's places.
HASHES = [0, 1, 1 << 40, -(1 << 63), -1, (1 << 63) - 1]
ROWS = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(HASHES), st.sampled_from(HASHES)), max_size=7
)
Rows = list[tuple[int, int, int]]


def kept(folder: Path, *files: Rows) -> KeptRows:
    """Write rows of account, exact and prefix as narrow tables."""
    paths = []
    for rows in files:
        columns = {each.name: np.zeros(len(rows), dtype=np.int64) for each in NARROW_SCHEMA}
        for place, name in enumerate(("account", "exact", "prefix")):
            columns[name] = np.array([row[place] for row in rows], dtype=np.int64)
        columns["words"] = np.arange(len(rows))
        arrays = [pa.array(columns[each.name], each.type) for each in NARROW_SCHEMA]
        paths.append(folder / f"{len(list(folder.iterdir()))}.parquet")
        table = pa.table(arrays, schema=NARROW_SCHEMA)
        pq.write_table(table, paths[-1], row_group_size=FEW)
    return KeptRows(tuple(paths))


def carried(rows: Rows, name: str) -> list[tuple[int, int, int]]:
    """Return account, value and number of each row that carries one."""
    values = {
        "exact": [last for _, last, _ in rows],
        "prefix": [earlier for _, _, earlier in rows],
        REQUEST: [last ^ earlier if last else 0 for _, last, earlier in rows],
    }[name]
    found = [(row[0], value, n) for n, (row, value) in enumerate(zip(rows, values, strict=True))]
    return [each for each in found if each[1]]


def listed(table: pa.Table, key: int) -> list[tuple[int, int, int]]:
    """Return account, value and number of the rows of one column."""
    return sorted(
        (row["account"], row["hash"], row["words"])
        for row in table.to_pylist()
        if row["key"] == key
    )


@given(first=ROWS, second=ROWS, part=ROWS)
def test_rows_with_shared_values_are_found(first: Rows, second: Rows, part: Rows) -> None:
    """Those of the part with values shared before, and all rows of what became shared in it."""
    names = ("exact", "prefix", REQUEST)
    known = {}
    for name in names:
        users = {(v, a) for rows in (first, second) for a, v, _ in carried(rows, name)}
        known[name] = {v for v, a in users if any(w == v and b != a for w, b in users)}
    with TemporaryDirectory() as folder:
        past, new = kept(Path(folder), first, second), kept(Path(folder), part)
        wanted = {name: pa.array(sorted(values), pa.int64()) for name, values in known.items()}
        found = find_shared(new, past, wanted, ("account", "words"))
    for key, name in enumerate(names):
        own = carried(part, name)
        everything = [each for rows in (first, second, part) for each in carried(rows, name)]
        became = {
            v
            for _, v, _ in own
            if v not in known[name] and len({a for a, w, _ in everything if w == v}) > 1
        }
        assert listed(found.known, key) == sorted(x for x in own if x[1] in known[name])
        assert listed(found.new, key) == sorted(x for x in everything if x[1] in became)


@given(rows=ROWS, wanted=st.lists(st.sampled_from(HASHES), unique=True))
def test_rows_are_found_by_what_they_carry(rows: Rows, wanted: list[int]) -> None:
    """In any row group, whatever else has the same last bits; nothing counts as a value here."""
    with TemporaryDirectory() as folder:
        table = kept(Path(folder), rows)
        got = [
            (int(account), wanted[value], FEW * each.group + int(row))
            for each in table.carriers("exact", pa.array(wanted, pa.int64()))
            for account, value, row in zip(table.accounts(each), each.value, each.row, strict=True)
        ]
    assert got == [(a, v, number) for number, (a, v, _) in enumerate(rows) if v in wanted]
