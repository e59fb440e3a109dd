"""Arrival structure of a given trace: its gaps, and its hours of the day."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from phalanx.detect.csv_table import place_of, read_csv
from phalanx.detect.simulate.arrivals import ArrivalShape
from phalanx.detect.simulate.instants import as_instants
from phalanx.errors import InputError

_DAY_SECONDS = 86_400.0
_MOST_GAPS = 200_000
_LEAST_ARRIVALS = 20


def arrival_shape(path: Path) -> ArrivalShape:
    """Read the structure of a trace.

    Parameters:
        path: Parquet or CSV file with a column `timestamp` (times, or seconds as numbers).

    Returns:
        Gaps of mean 1, and the weight of each hour of the day where the trace covers at
        least twenty hours.

    Raises:
        InputError: If the file cannot be read, or holds fewer than 20 arrivals.
    """
    seconds = np.sort(_read_seconds(path))
    if len(seconds) < _LEAST_ARRIVALS:
        message = f"{path}: {len(seconds)} arrivals, expected at least {_LEAST_ARRIVALS}"
        raise InputError(message, next_step="Give a longer trace, or leave it out.")
    gaps = np.diff(seconds)[:_MOST_GAPS]
    mean = float(gaps.mean())
    hours = None
    if seconds[-1] - seconds[0] >= 20 * 3600:
        hour = (seconds % _DAY_SECONDS / 3600).astype(np.int64)
        hours = np.bincount(hour, minlength=24).astype(float) + 1e-9
    return ArrivalShape(gaps=gaps / mean if mean > 0 else None, hours=hours)


def _read_seconds(path: Path) -> NDArray[np.float64]:
    """Read the arrival times as seconds."""
    try:
        if path.suffix.lower() == ".csv":
            times = pacsv.ConvertOptions(include_columns=["timestamp"])
            column = read_csv(path, times).column("timestamp")
        else:
            column = pq.read_table(path, columns=["timestamp"]).column("timestamp")
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            values = column.drop_null().cast(pa.float64()).to_numpy()
        else:
            stamps = as_instants(column.drop_null()).cast(pa.int64())
            values = stamps.to_numpy().astype(float) / 1e6
    except (OSError, KeyError, pa.ArrowException) as error:
        message = f"{path}: no arrival times could be read{place_of(error)}"
        raise InputError(
            message, next_step="Pass a Parquet or CSV file with a column `timestamp`."
        ) from None
    return np.asarray(values[np.isfinite(values)], dtype=np.float64)
