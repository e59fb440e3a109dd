"""A real log, read as a model for the accounts of planted campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from phalanx.detect.simulate.columns import NATIVE_SCHEMA
from phalanx.detect.simulate.host_log import read_any
from phalanx.detect.simulate.instants import as_instants
from phalanx.errors import InputError
from phalanx.logs.schema import REQUIRED_COLUMNS

_FORMATS = {".parquet": "parquet", ".arrow": "ipc", ".feather": "ipc", ".csv": "csv"}
_JSON = frozenset({".jsonl", ".json", ".ndjson"})
_DAY_US = 86_400_000_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Host:
    """A real log in order of time, with what campaigns are fitted into."""

    table: pa.Table
    """All rows; native columns have native types."""

    start_us: int
    """Midnight (UTC) before the first exchange, microseconds since 1970."""

    days: int
    """Days that the log touches."""

    hours: NDArray[np.float64]
    """Exchanges in each hour of the day."""

    account: NDArray[np.int64]
    """Account of each row, as a position in `first_row`."""

    first_row: NDArray[np.int64]
    """First row of each account."""

    volume: NDArray[np.int64]
    """Exchanges of each account."""

    active_days: NDArray[np.int64]
    """Days on which each account sent."""

    def column(self, name: str) -> pa.Array:
        """Return a column's value in the first row of each account, null where it is absent."""
        if name not in self.table.column_names:
            return pa.nulls(len(self.first_row), NATIVE_SCHEMA.field(name).type)
        taken = self.table.column(name).take(pa.array(self.first_row))
        return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken


def open_host(log: Path | pa.Table) -> Host:
    """Read a log.

    Parameters:
        log: Table in native columns, or a file or folder of any format that a scan reads.

    Raises:
        InputError: If it cannot be read, misses a required column, or holds no usable row.
    """
    table = _checked(log, "the table") if isinstance(log, pa.Table) else _read(log)
    for name in ("timestamp", "account_id"):
        table = table.filter(pc.is_valid(table.column(name)))
    if table.num_rows == 0:
        where = "the table" if isinstance(log, pa.Table) else str(log)
        message = f"{where}: no row has a timestamp and an account"
        raise InputError(message, next_step="Pass a log with data.")
    times = table.column("timestamp").cast(pa.int64()).to_numpy()
    if (np.diff(times) < 0).any():
        table = table.take(pa.array(np.argsort(times, kind="stable")))
    return _host(table)


def _checked(table: pa.Table, where: str) -> pa.Table:
    missing = [name for name in REQUIRED_COLUMNS if name not in table.column_names]
    if missing:
        message = f"{where}: required columns {missing} are missing"
        raise InputError(message, next_step="Convert the log to the native table first.")
    return _native(table, where)


def _read(log: Path) -> pa.Table:
    """Read a sound native table as it is; anything else as a scan would read it."""
    suffix = log.suffix.lower()
    kind = "json" if suffix in _JSON else _FORMATS.get(suffix, "parquet")
    try:
        return _checked(ds.dataset(log, format=kind).to_table(), str(log))
    except (OSError, pa.ArrowException, InputError):
        # Another format, or lines that are broken: the readers of a scan bear with both, or say
        # what is wrong.
        return read_any(log)


def _native(table: pa.Table, where: str) -> pa.Table:
    """Cast the native columns to their native types; others stay as they are."""
    for name in table.column_names:
        if name not in NATIVE_SCHEMA.names:
            continue
        wanted = NATIVE_SCHEMA.field(name).type
        try:
            column = as_instants(table.column(name)) if pa.types.is_timestamp(wanted) else (
                table.column(name).cast(wanted)
            )  # fmt: skip
        except pa.ArrowException as error:
            message = f"{where}: column `{name}` cannot be read as {wanted} ({error})"
            raise InputError(message, next_step=f"Convert or drop `{name}`.") from error
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def _host(table: pa.Table) -> Host:
    """Measure a log that is in order of time."""
    times = table.column("timestamp").cast(pa.int64()).to_numpy()
    encoded = pc.dictionary_encode(table.column("account_id").combine_chunks())
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    account = encoded.indices.to_numpy().astype(np.int64)
    _, first_row, volume = np.unique(account, return_index=True, return_counts=True)
    start_us = int(times[0] // _DAY_US * _DAY_US)
    day = (times - start_us) // _DAY_US
    seen = np.unique(account * (int(day[-1]) + 1) + day)
    return Host(
        table=table,
        start_us=start_us,
        days=int(day[-1]) + 1,
        hours=np.bincount(times % _DAY_US // (_DAY_US // 24), minlength=24).astype(float) + 1e-9,
        account=account,
        first_row=first_row,
        volume=volume,
        active_days=np.bincount(seen // (int(day[-1]) + 1), minlength=len(first_row)),
    )
