"""What a worker returns, without a cluster: it is a function of batches."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.detect.narrow import Narrowing
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.engine.spark_worker import (
    FILE_COLUMN,
    REJECT,
    ROW_BITS,
    ROW_COLUMN,
    SIGHTING,
    WorkerTask,
)

KEY = b"the key of a provider that no plan may show"[:32]
NOW = datetime(2026, 6, 1, tzinfo=UTC)
OPTIONS = ReadOptions(pseudonym_key=KEY, now=NOW)
FILES = np.array([-5, 9], np.int64)
KERNEL = Narrowing(KEY, keep_excerpts=True, step_hours=6)
TASK = WorkerTask(OPTIONS, KERNEL, FILES, np.array([1, 0], np.int64))


def native(rows: int) -> pa.RecordBatch:
    """Return rows of which every fifth has no time that can be read."""
    return pa.RecordBatch.from_pydict(
        {
            "timestamp": ["?" if row % 5 == 0 else "2026-05-01T00:00:00Z" for row in range(rows)],
            "account_id": [f"account {row % 7}" for row in range(rows)],
            "model": ["large"] * rows,
            "prompt": [f"Explain to me, step by step, the number {row}." for row in range(rows)],
        }
    )


def placed(batch: pa.RecordBatch, path_hash: int, first: int) -> pa.RecordBatch:
    """Add where Spark found the rows."""
    rows = pa.array(range(first, first + batch.num_rows), pa.int64())
    files = pa.array([path_hash] * batch.num_rows, pa.int64())
    return batch.append_column(FILE_COLUMN, files).append_column(ROW_COLUMN, rows)


def run(batches: Iterable[pa.RecordBatch]) -> pa.Table:
    """Run the task as a worker gets it."""
    task = pickle.loads(pickle.dumps(TASK))  # noqa: S301 - our own bytes
    return pa.Table.from_batches(list(task(batches)))


def test_exchanges_are_those_of_the_local_readers() -> None:
    """The same rows, in their order, with their places."""
    batch = native(40)
    log = open_log(pa.Table.from_batches([batch]), OPTIONS)
    local = pa.Table.from_batches([KERNEL(part).rows for part in log.batches()])
    returned = run([placed(batch.slice(0, 15), 9, 0), placed(batch.slice(15), 9, 15)])
    exchanges = returned.filter(pc.is_null(returned["aside"]))
    assert exchanges.select(local.column_names).combine_chunks() == local.combine_chunks()
    kept = [row + 1 for row in range(40) if row % 5]
    assert exchanges["position"].to_pylist() == kept


def test_rejects_are_placed() -> None:
    """Each row that was not used is told with its file and row."""
    returned = run([placed(native(6), -5, 100)])
    rejects = returned.filter(pc.equal(returned["aside"], REJECT))
    places = [
        (code >> ROW_BITS, code % (1 << ROW_BITS)) for code in rejects["position"].to_pylist()
    ]
    assert places == [(1, 101), (1, 106)]
    assert set(rejects["label"].to_pylist()) == {"timestamp missing or unreadable"}


def test_a_name_is_told_once() -> None:
    """A partition tells what a hash stands for when it meets it first."""
    batches = [placed(native(20), 9, first) for first in (0, 20, 40)]
    returned = run(batches)
    told = returned.filter(pc.equal(returned["aside"], SIGHTING))
    accounts = told.filter(pc.equal(told["label"], "account"))
    assert len(accounts) == len(set(accounts["text"].to_pylist())) == 7


def test_nothing_that_is_printed_shows_the_key() -> None:
    """A plan, a log or a traceback may print the task."""
    for text in (repr(TASK), str(TASK), repr(KERNEL)):
        assert repr(KEY)[2:-1] not in text
        assert KEY.hex() not in text
