"""Times of given files, whatever they are written as."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

INSTANT = pa.timestamp("us", tz="UTC")
"""Type of times inside the simulator."""

_FINE = pa.timestamp("ns", tz="UTC")


def as_instants(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Read a column of times.

    Parameters:
        column: Times with or without a zone (taken as UTC), or ISO 8601 text of either kind,
            with up to nine digits of a second.

    Raises:
        pa.ArrowException: If a value is no time.

    Examples:
        >>> texts = pa.chunked_array([["2026-03-02 10:00:00.1234567"]])
        >>> as_instants(texts)[0].as_py().isoformat()
        '2026-03-02T10:00:00.123456+00:00'
    """
    if not pa.types.is_timestamp(column.type):
        column = _parsed(column.cast(pa.string()))
    zoned = column if column.type.tz else pc.assume_timezone(column, "UTC")
    return zoned.cast(INSTANT, safe=False)


def _parsed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Parse text that says its zone, or else text that does not."""
    try:
        return texts.cast(_FINE)
    except pa.ArrowInvalid:
        return texts.cast(pa.timestamp("ns"))
