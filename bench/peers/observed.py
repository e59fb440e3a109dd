"""Reading a log as the scan reads it, into arrays that peers start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phalanx.logs import ReadOptions, open_log

MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Observed:
    """Exchanges in order of time, and their accounts in order of name."""

    accounts: tuple[str, ...]
    party: NDArray[np.int64]
    """Number of the declared party of each account: its organisation, or itself."""

    account: NDArray[np.int64]
    """Account of each exchange."""

    time_us: NDArray[np.int64]
    """Microseconds since midnight before the first exchange."""

    values: Mapping[str, NDArray[np.int64]]
    """Column -> number of the value of each exchange, from 0; -1 where missing."""

    texts: pa.ChunkedArray | None
    """Last user turns, if they were asked for."""

    @property
    def rows(self) -> int:
        """Number of exchanges."""
        return int(self.account.size)

    @property
    def day(self) -> NDArray[np.int64]:
        """Index of the day of each exchange."""
        return self.time_us // MICROSECONDS_PER_DAY

    @property
    def days(self) -> int:
        """Number of days."""
        return int(self.time_us[-1] // MICROSECONDS_PER_DAY) + 1

    @property
    def parties(self) -> int:
        """Number of declared parties."""
        return int(self.party.max()) + 1


def observe(path: Path, columns: Sequence[str] = (), *, texts: bool = False) -> Observed:
    """Read a log through the reader of the scan.

    Parameters:
        path: Of the log.
        columns: Canonical columns to number; instants are taken as days.
        texts: Whether to keep the last user turns.
    """
    wanted = ["account_id", "timestamp", "organisation", *columns, *(["prompt"] if texts else [])]
    names = list(dict.fromkeys(wanted))
    log = open_log(path, ReadOptions())
    table = pa.Table.from_batches([batch.select(names) for batch in log.batches()])
    accounts = sorted(pc.unique(table["account_id"]).to_pylist())
    account = pc.index_in(table["account_id"], pa.array(accounts)).to_numpy().astype(np.int64)
    time_us = table["timestamp"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    order = np.argsort(time_us, kind="stable")
    table = table.take(pa.array(order))
    account, time_us = account[order], time_us[order]
    first = np.unique(account, return_index=True)[1]
    organisation = _numbers(table["organisation"])[first]
    own = organisation.max(initial=-1) + 1 + np.arange(len(accounts))
    party = np.unique(np.where(organisation >= 0, organisation, own), return_inverse=True)[1]
    return Observed(
        accounts=tuple(accounts),
        party=party.astype(np.int64),
        account=account,
        time_us=time_us - time_us[0] // MICROSECONDS_PER_DAY * MICROSECONDS_PER_DAY,
        values={name: _numbers(table[name]) for name in columns},
        texts=table["prompt"] if texts else None,
    )


def _numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Number the values of a column, -1 for null; of instants, the days."""
    if pa.types.is_timestamp(column.type):
        column = pc.floor_temporal(column, unit="day")
    numbered = column.combine_chunks().dictionary_encode().indices.fill_null(-1)
    return np.asarray(numbered.to_numpy(zero_copy_only=False), dtype=np.int64)
