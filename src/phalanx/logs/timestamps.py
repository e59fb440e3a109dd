"""Read points in time: Arrow timestamps, dates, epoch numbers, ISO 8601 and RFC 2822 text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.logs.cast import Mask, to_text

MICROSECONDS = pa.timestamp("us", tz="UTC")
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_LARGEST = 253_402_300_799_000_000  # the last second of the year 9999, in microseconds


@dataclass(frozen=True, slots=True)
class Times:
    """Points in time, in microseconds UTC."""

    values: pa.Array
    unreadable: Mask | None = None
    """Cells that held something which is no point in time."""

    without_zone: int = 0
    """Cells that named no zone and were taken as UTC."""


def to_times(array: pa.Array) -> Times:
    """Read an array of any type as points in time.

    A number counts seconds, milliseconds, microseconds or nanoseconds since 1970,
    whichever puts it between 1970 and the year 5138. A time without zone is UTC.

    Examples:
        >>> times = to_times(pa.array(["2026-01-02T03:04:05+01:00", "soon"]))
        >>> times.values.to_pylist()[0].isoformat(), times.unreadable.tolist()
        ('2026-01-02T02:04:05+00:00', [False, True])
        >>> to_times(pa.array([1767322800, 1767322800000])).values.to_pylist()[0].year
        2026
    """
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    kind = array.type
    if pa.types.is_timestamp(kind):
        return _from_timestamps(array)
    if pa.types.is_date(kind):
        times = _from_timestamps(array.cast(pa.timestamp("ms")))
        return Times(times.values, times.unreadable, len(array) - array.null_count)
    if pa.types.is_integer(kind):
        return _from_numbers(array, array.cast(pa.int64(), safe=False))
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _from_numbers(array, array.cast(pa.float64(), safe=False))
    if pa.types.is_nested(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind):
        valid = array.is_valid().to_numpy(zero_copy_only=False)
        return Times(pa.nulls(len(array), MICROSECONDS), valid if valid.any() else None)
    return _from_text(to_text(array).values)


def parse_time(text: str) -> tuple[int, bool] | None:
    """Read one text as microseconds since 1970 and whether it named a zone.

    Examples:
        >>> parse_time("1970-01-01 00:00:01 UTC")
        (1000000, True)
        >>> parse_time("1767322800.5")
        (1767322800500000, True)
        >>> parse_time("yesterday") is None
        True
    """
    text = text.strip()
    iso = text.removesuffix("UTC").rstrip() + "+00:00" if text.endswith("UTC") else text
    try:
        when = datetime.fromisoformat(iso) if not text.isdigit() else None
    except ValueError:
        when = None
    if when is None:
        number = _epoch_text(text)
        if number is not None:
            return number, True
        try:
            when = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    zoned = when.tzinfo is not None
    when = when if zoned else when.replace(tzinfo=UTC)
    delta = when - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds, zoned


def _epoch_text(text: str) -> int | None:
    try:
        number = int(text) if text.isdigit() else float(text)
    except ValueError:
        return None
    size = abs(number)
    if not size < 2**62:
        return None
    for limit, factor in ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1)):
        if size < limit:
            return round(number * factor)
    return int(number) // 1_000


def _from_timestamps(array: pa.Array) -> Times:
    zoned = array.type.tz is not None
    without_zone = 0 if zoned else len(array) - array.null_count
    if array.type.unit == "us":
        return Times(array.view(MICROSECONDS), None, without_zone)
    ticks = array.view(pa.int64())
    numbers = ticks.fill_null(0).to_numpy(zero_copy_only=False)
    per_second = _PER_SECOND[array.type.unit]
    if per_second > 1_000_000:
        return Times(_build(numbers // 1_000, array), None, without_zone)
    factor = 1_000_000 // per_second
    readable = np.abs(numbers) <= _LARGEST // factor
    values = np.where(readable, numbers, 0) * factor
    return _checked(values, readable, array, without_zone)


def _from_numbers(array: pa.Array, numbers: pa.Array) -> Times:
    raw = numbers.fill_null(0).to_numpy(zero_copy_only=False)
    microseconds, readable = _epoch_to_microseconds(raw)
    return _checked(microseconds, readable, array, 0)


def _epoch_to_microseconds(
    raw: npt.NDArray[np.generic],
) -> tuple[npt.NDArray[np.int64], Mask]:
    """Choose the unit by magnitude: seconds below 1e11, then a thousand times finer each."""
    size = np.abs(raw.astype(np.float64))
    readable = np.isfinite(size) & (size < 1e20) & (size >= 0)
    safe = np.where(readable, raw, 0)
    size = np.where(readable, size, 0.0)
    if safe.dtype.kind == "f":
        scaled = np.select(
            [size < 1e11, size < 1e14, size < 1e17], [safe * 1e6, safe * 1e3, safe], safe / 1e3
        )
        return np.rint(scaled).astype(np.int64), readable
    whole = safe.astype(np.int64)
    seconds = np.where(size < 1e11, whole, 0) * 1_000_000
    millis = np.where((size >= 1e11) & (size < 1e14), whole, 0) * 1_000
    micros = np.where((size >= 1e14) & (size < 1e17), whole, 0)
    nanos = np.where(size >= 1e17, whole, 0) // 1_000
    return seconds + millis + micros + nanos, readable


def _from_text(array: pa.Array) -> Times:
    if pc.all(pc.utf8_is_decimal(array)).as_py():
        try:
            return _from_numbers(array, array.cast(pa.int64()))
        except pa.ArrowInvalid:
            # Digits beyond 64 bits, or of another script: read one by one below.
            return _from_single_texts(array)
    for kind, without_zone in ((pa.timestamp("ns", "UTC"), False), (pa.timestamp("ns"), True)):
        try:
            times = _from_timestamps(array.cast(kind))
        except pa.ArrowInvalid:
            continue
        return Times(times.values, None, times.without_zone if without_zone else 0)
    return _from_single_texts(array)


def _from_single_texts(array: pa.Array) -> Times:
    parsed = [None if text is None else parse_time(text) for text in array.to_pylist()]
    values = pa.array([None if time is None else time[0] for time in parsed], pa.int64())
    unzoned = sum(1 for time in parsed if time is not None and not time[1])
    unreadable = pc.and_(array.is_valid(), values.is_null()).to_numpy(zero_copy_only=False)
    return Times(values.view(MICROSECONDS), unreadable if unreadable.any() else None, unzoned)


def _checked(
    microseconds: npt.NDArray[np.int64], readable: Mask, array: pa.Array, without_zone: int
) -> Times:
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    unreadable = valid & ~readable
    values = pa.array(microseconds, mask=~(valid & readable)).view(MICROSECONDS)
    return Times(values, unreadable if unreadable.any() else None, without_zone)


def _build(microseconds: npt.NDArray[np.int64], array: pa.Array) -> pa.Array:
    mask = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    return pa.array(microseconds, mask=mask).view(MICROSECONDS)
