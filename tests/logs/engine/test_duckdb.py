"""DuckDB keeps every row when it runs out of memory and goes on on disk."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from phalanx.logs.engine import DuckDBEngine

LITTLE_MEMORY, MUCH_MEMORY = 70_000_000, 2_000_000_000

TABLES = """
CREATE TABLE left_side AS SELECT (range * 7919) % 750007 AS k, range AS v FROM range(1500000);
CREATE TABLE right_side AS SELECT (range * 104729) % 750007 AS k, range AS w, hash(range) AS x,
  hash(range + 1) AS y FROM range(1500000);
"""
QUERIES = {
    "join": "SELECT count(*), sum(v::HUGEINT), sum(w::HUGEINT), bit_xor(hash(v, w, x, y)) "
    "FROM left_side JOIN right_side USING (k)",
    "group": "SELECT count(*), sum(n), bit_xor(hash(k, n, first_w, xs)) FROM (SELECT k, "
    "count(*) AS n, arg_min(w, x) AS first_w, bit_xor(x) AS xs FROM right_side GROUP BY k, y)",
}


def answer(query: str, memory_limit_bytes: int, folder: Path, spill_limit: str) -> tuple[int, ...]:
    """Ask a query of the engine's own connection."""
    with DuckDBEngine(memory_limit_bytes=memory_limit_bytes, threads=2, directory=folder) as engine:
        connection = engine.connection.con
        connection.execute(f"SET max_temp_directory_size = '{spill_limit}'")
        connection.execute(TABLES)
        row: tuple[int, ...] = connection.execute(query).fetchone()
        return row


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_spilling_loses_no_rows(query: str, tmp_path: Path) -> None:
    """A join and a grouping that spill give what they give in memory."""
    in_memory = answer(query, MUCH_MEMORY, tmp_path, "0KB")
    assert answer(query, LITTLE_MEMORY, tmp_path, "10GB") == in_memory
    with pytest.raises(duckdb.OutOfMemoryException):
        # The little memory does not suffice, so the answer above came from the disk.
        answer(query, LITTLE_MEMORY, tmp_path, "0KB")
