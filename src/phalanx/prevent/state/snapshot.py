"""Snapshots of the state: written aside, then renamed, while requests come in.

Rows are copied in pieces of a few thousand, each under the lock for a fraction of a millisecond, so
that no request waits for all of them. A row is whole in itself and depends on no other: pieces of
different moments make a state that is as good. What is lost when the process is killed is what came
after the piece of a row was copied, at most the time from one snapshot to the next and that of its
writing; a counter on the disk, which is raised with each request, tells afterwards how many
requests that were.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.errors import ConfigError, InputError, reason_of
from phalanx.owned import written_whole
from phalanx.prevent.state.kernel import find
from phalanx.prevent.state.layout import COUNTERS, REGISTERS, USED, Accounts
from phalanx.prevent.state.online import OnlineState

FORMAT = "phalanx.gateway-state/1"
_LATEST_US = 1 << 60
"""In the year 38,500: no clock says so, and sums with it hold in 64 bits."""

_WRITTEN_WITHIN_US = 86_400_000_000
PIECE_ROWS = 2_048
"""Copied at once, about 400 kB."""

_SCHEMA = pa.schema(
    [
        pa.field("table", pa.int8(), nullable=False),
        pa.field("identity", pa.binary(16), nullable=False),
        pa.field("seen_us", pa.int64(), nullable=False),
        pa.field("counters", pa.binary(4 * len(COUNTERS)), nullable=False),
        pa.field("registers", pa.binary(REGISTERS), nullable=False),
    ]
)
_ACCOUNTS, _GROUPS = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A snapshot that was written, or read."""

    state_us: int
    """When it was begun, by the clock of the state."""

    requests: int
    """That had come in by then."""

    accounts: int
    groups: int
    forgotten: int = 0
    """Rows of it that found no place in the state that read it, the idlest ones."""


class RequestCount:
    """Counts requests on the disk, so that the count outlives the process.

    Parameters:
        path: Of a file of eight bytes, which is made if it is missing.

    Raises:
        InputError: If it cannot be written, or is another file.
    """

    def __init__(self, path: Path) -> None:
        """Open the file."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                with written_whole(path) as aside:
                    aside.write_bytes(bytes(8))
            if path.stat().st_size != 8:
                message = f"{path}: is no count of requests"
                raise InputError(message, next_step="Name another folder for the state.")
            self._count: npt.NDArray[np.int64] = np.memmap(path, dtype="<i8", mode="r+", shape=1)
        except OSError as error:
            message = f"{path}: requests cannot be counted there: {reason_of(error)}"
            raise InputError(message, next_step="Name a folder that can be written.") from error

    @property
    def requests(self) -> int:
        """Return how many there were."""
        return int(self._count[0])

    def add(self, requests: int = 1) -> None:
        """Count more."""
        self._count[0] += requests


def write_snapshot(state: OnlineState, requests: int, key_id: str, path: Path) -> Taken:
    """Write the state, whole or not at all, for its owner alone.

    Parameters:
        state: That goes on meanwhile.
        requests: That came in so far.
        key_id: Name of the key under which accounts are hashed.
        path: Of the file.

    Raises:
        InputError: If it cannot be written.
    """
    with state.lock:
        state_us = (state.clock.latest_us or 0) + state.clock.ahead_us
    head = {
        "format": FORMAT,
        "counters": ",".join(COUNTERS),
        "key_id": key_id,
        "state_us": str(state_us),
        "requests": str(requests),
    }
    rows = [0, 0]
    try:
        with (
            written_whole(path) as aside,
            aside.open("wb") as file,
            pa.ipc.new_file(file, _SCHEMA.with_metadata(head)) as writer,
        ):
            for table, accounts in ((_ACCOUNTS, state.accounts), (_GROUPS, state.groups)):
                for piece in _pieces(state, accounts, table):
                    writer.write_batch(piece)
                    rows[table] += piece.num_rows
            writer.close()
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        message = f"{path}: the state cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Make room, or name another folder.") from error
    return Taken(state_us=state_us, requests=requests, accounts=rows[0], groups=rows[1])


def read_snapshot(state: OnlineState, key_id: str, path: Path, now_us: int) -> Taken:
    """Fill an empty state from a snapshot. Where it has too few rows, the idlest are left out.

    Parameters:
        state: That knows nobody yet.
        key_id: Name of the key under which accounts are hashed now.
        path: Of the file.
        now_us: By the clock of the machine.

    Raises:
        InputError: If the file cannot be read, or is no snapshot.
        ConfigError: If it was made under another key: it would be about nobody.
    """
    try:
        with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
            head = {key.decode(): value.decode() for key, value in (_metadata(reader)).items()}
            if head.get("format") != FORMAT or reader.schema.remove_metadata() != _SCHEMA:
                raise _no_snapshot(path, "it is another file")
            if head["counters"] != ",".join(COUNTERS):
                raise _no_snapshot(path, "another version of Phalanx counted other things")
            if head["key_id"] != key_id:
                message = f"{path}: the state was made under the key {head['key_id'][:40]}"
                raise ConfigError(message, next_step="Name that key, or another folder.")
            rows = reader.read_all()
            rows.validate(full=True)
            state_us, requests = int(head["state_us"]), int(head["requests"])
            if not (0 <= state_us <= _LATEST_US and 0 <= requests <= _LATEST_US):
                raise _no_snapshot(path, "it is damaged")
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise _no_snapshot(path, "it is damaged, or another file") from error
    except OSError as error:
        message = f"{path}: the state cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name the folder of a state.") from error
    counts = [
        _fill(accounts, rows.filter(pc.equal(rows["table"], table)), state_us)
        for table, accounts in ((_ACCOUNTS, state.accounts), (_GROUPS, state.groups))
    ]
    state.clock.start_from(state_us, now_us)
    return Taken(
        state_us=state_us,
        requests=requests,
        accounts=counts[0][0],
        groups=counts[1][0],
        forgotten=counts[0][1] + counts[1][1],
    )


def _pieces(state: OnlineState, accounts: Accounts, table: int) -> Iterator[pa.RecordBatch]:
    begin = 0
    while True:
        with state.lock:
            end = min(begin + PIECE_ROWS, int(accounts.tally[USED]))
            if begin >= end:
                return
            part = slice(begin, end)
            copies = (
                accounts.identity[part].copy(),
                accounts.seen_us[part].copy(),
                accounts.counters[part].copy(),
                accounts.registers[part].copy(),
            )
        rows = end - begin
        yield pa.record_batch(
            [
                pa.array(np.full(rows, table, dtype=np.int8)),
                _fixed(copies[0], 16),
                pa.array(copies[1]),
                _fixed(copies[2], 4 * len(COUNTERS)),
                _fixed(copies[3], REGISTERS),
            ],
            schema=_SCHEMA,
        )
        begin = end


def _fixed(values: npt.NDArray[np.generic], width: int) -> pa.Array:
    return pa.Array.from_buffers(pa.binary(width), len(values), [None, pa.py_buffer(values)])


def _fill(accounts: Accounts, rows: pa.Table, state_us: int) -> tuple[int, int]:
    """Put rows into an empty table; return how many came in, and how many found no place."""
    rows = rows.combine_chunks()
    identity = _values(rows["identity"], np.uint64, 2)
    # Rows are copied after the moment of the snapshot, but not by a day: later counts never fade.
    seen = np.clip(rows["seen_us"].to_numpy(), 0, state_us + _WRITTEN_WITHIN_US)
    # A row that moved while the snapshot was taken may stand in it twice: the later one counts.
    order = np.lexsort((-seen, identity[:, 1], identity[:, 0]))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (identity[order[1:]] != identity[order[:-1]]).any(axis=1)
    chosen = order[first]
    latest = chosen[np.argsort(-seen[chosen], kind="stable")][: accounts.capacity]
    count = len(latest)
    counters = _values(rows["counters"], np.float32, len(COUNTERS))[latest]
    accounts.identity[:count] = identity[latest]
    accounts.seen_us[:count] = seen[latest]
    # What is no count of anything, because the file was damaged, counts for nothing.
    accounts.counters[:count] = np.where(np.isfinite(counters) & (counters >= 0), counters, 0)
    accounts.registers[:count] = np.minimum(
        _values(rows["registers"], np.uint8, REGISTERS)[latest], 58
    )
    accounts.tally[USED] = count
    index_rows(accounts.identity, accounts.index, count)
    return count, len(chosen) - count


@numba.njit(cache=True, nogil=True)
def index_rows(identity: npt.NDArray[np.uint64], index: npt.NDArray[np.int32], count: int) -> None:
    """Fill the index of a table from its first rows.

    Parameters:
        identity: Of the rows.
        index: Without an entry; changed.
        count: Rows in use.
    """
    for row in range(count):
        _, place = find(identity, index, identity[row, 0], identity[row, 1])
        index[place] = row


def _values(column: pa.ChunkedArray, kind: type[np.generic], width: int) -> npt.NDArray[Any]:
    """Return a column of fixed width as an array, shape (rows, width)."""
    chunks = [
        np.frombuffer(chunk.buffers()[1], dtype=kind).reshape(-1, width)[
            chunk.offset : chunk.offset + len(chunk)
        ]
        for chunk in column.chunks
    ]
    return np.concatenate([np.empty((0, width), dtype=kind), *chunks])


def _metadata(reader: pa.ipc.RecordBatchFileReader) -> dict[bytes, bytes]:
    return dict(reader.schema.metadata or {})


def _no_snapshot(path: Path, reason: str) -> InputError:
    message = f"{path}: no state of the gateway: {reason}"
    return InputError(message, next_step="Name another folder; a new state begins there.")
