"""Build Arrow arrays from Python objects of any, even mixed, types."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from phalanx.logs.cast import texts


def array_of(values: Iterable[object]) -> pa.Array:
    """Return an array of the values; where they do not share a type, of their text.

    Examples:
        >>> array_of([1, None]).type
        DataType(int64)
        >>> array_of([1, "a", None]).to_pylist()
        ['1', 'a', None]
    """
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowException, UnicodeEncodeError, OverflowError, TypeError, ValueError):
        return texts([_text(value) for value in values])
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _text(value: object) -> str | None:
    """Write a cell as text; what has no plain form counts as missing."""
    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value) if isinstance(value, str | int | float) or _is_time(value) else None


def _is_time(value: object) -> bool:
    return hasattr(value, "isoformat")
