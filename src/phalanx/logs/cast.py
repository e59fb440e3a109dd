"""Turn an Arrow array of any type into text, numbers or truth values.

Types that already fit pass without a copy. Cells that cannot be read become null and
are marked, so that the caller can count them: no cell ever takes its row, or its
neighbours, with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]

LARGEST_INTEGER = 1_000_000_000
"""No count of one exchange is larger; sums over a log of any length stay within 64 bits."""


@dataclass(frozen=True, slots=True)
class Cast:
    """An array of the wanted type."""

    values: pa.Array
    """As long as the input."""

    unreadable: Mask | None = None
    """Cells that held something which could not be read; null when there are none."""

    mended: int = 0
    """Cells whose text was not valid UTF-8 and was read as Windows-1252."""


def to_text(array: pa.Array) -> Cast:
    """Read an array as text.

    Numbers are written out (`12.0` as `12`), bytes are decoded, nested values are
    unreadable.

    Examples:
        >>> to_text(pa.array([7, None])).values.to_pylist()
        ['7', None]
    """
    array = _storage(array)
    kind = array.type
    if pa.types.is_dictionary(kind):
        inner = to_text(array.dictionary)
        values = inner.values.take(array.indices)
        # Which cells pointed at an unreadable entry: valid index, null value.
        return _marked(array.indices, values, inner.mended)
    if pa.types.is_string(kind):
        return _valid_utf8(array)
    if _is_binary_like(kind):
        return _valid_utf8(array.cast(pa.binary()).view(pa.string()))
    if pa.types.is_floating(kind):
        return _float_to_text(array)
    try:
        return Cast(array.cast(pa.string()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        # Lists, structs and the like.
        return _nothing_readable(array, pa.string())


def to_filled_text(array: pa.Array) -> Cast:
    """Read an array as text in which a cell without a mark is null: nobody's identifier is " ".

    Examples:
        >>> to_filled_text(pa.array(["a", "", " "])).values.to_pylist()
        ['a', None, None]
    """
    cast = to_text(array)
    lengths = np.diff(offsets_of(cast.values))
    blank = pc.utf8_is_space(cast.values)
    if np.count_nonzero(lengths == 0) <= cast.values.null_count and not pc.any(blank).as_py():
        return cast
    nothing = pc.or_(pc.equal(pc.binary_length(cast.values), 0), blank)
    values = pc.if_else(nothing, pa.scalar(None, pa.string()), cast.values)
    return Cast(values, cast.unreadable, cast.mended)


def offsets_of(text: pa.Array) -> npt.NDArray[np.int32]:
    """Return the byte offsets of a text column, one more than its length.

    Examples:
        >>> offsets_of(pa.array(["ab", "c"])).tolist()
        [0, 2, 3]
    """
    if not len(text):
        return np.zeros(1, np.int32)
    # Counted, because a buffer of a file may be longer, and of any length.
    offsets = np.frombuffer(text.buffers()[1], np.int32, text.offset + len(text) + 1)
    return offsets[text.offset :]


def to_integers(array: pa.Array, kind: pa.DataType) -> Cast:
    """Read an array as whole numbers from 0 to `LARGEST_INTEGER`, of an integer type.

    Examples:
        >>> cast = to_integers(pa.array(["12", "n/a", None, "7.0"]), pa.int64())
        >>> cast.values.to_pylist(), cast.unreadable.tolist()
        ([12, None, None, 7], [False, True, False, False])
    """
    array = _storage(array)

    def read(value: object) -> int | None:
        number = _number(value)
        if number is None or not 0 <= number <= LARGEST_INTEGER or number != int(number):
            return None
        return int(number)

    if (
        pa.types.is_integer(array.type)
        and _smallest(array) >= 0
        and _largest(array) <= LARGEST_INTEGER
    ):
        return Cast(array if array.type == kind else array.cast(kind))
    return _by_value(array, read, kind)


def to_floats(array: pa.Array) -> Cast:
    """Read an array as finite 64-bit floats; NaN is null.

    Examples:
        >>> to_floats(pa.array(["0.5", "warm"])).values.to_pylist()
        [0.5, None]
    """
    array = _storage(array)
    if pa.types.is_integer(array.type) and not pa.types.is_boolean(array.type):
        return Cast(array.cast(pa.float64(), safe=False))
    if pa.types.is_floating(array.type):
        values = array.cast(pa.float64())
        if pc.all(pc.is_finite(values)).as_py() is not False:
            return Cast(values)
    return _by_value(array, _number, pa.float64())


def to_booleans(array: pa.Array) -> Cast:
    """Read an array as truth values; any non-zero number is true.

    Examples:
        >>> to_booleans(pa.array(["true", "0", "maybe"])).values.to_pylist()
        [True, False, None]
    """
    array = _storage(array)
    if pa.types.is_boolean(array.type):
        return Cast(array)
    words = {"true": True, "t": True, "yes": True, "false": False, "f": False, "no": False}

    def read(value: object) -> bool | None:
        if isinstance(value, str) and value.strip().lower() in words:
            return words[value.strip().lower()]
        number = _number(value)
        return None if number is None else number != 0

    return _by_value(array, read, pa.bool_())


def texts(values: list[str | None]) -> pa.Array:
    """Build a text column; a lone surrogate, which UTF-8 cannot hold, becomes `?`.

    Examples:
        >>> texts(["a", None, chr(0xD800)]).to_pylist()
        ['a', None, '?']
    """
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        mended = [None if text is None else text.encode(errors="replace") for text in values]
        return pa.array(mended, pa.binary()).view(pa.string())


def decode_bytes(data: bytes) -> str:
    """Decode one text that is not valid UTF-8, losing nothing that can be kept.

    Examples:
        >>> decode_bytes("café".encode("latin-1"))
        'café'
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return data.decode("cp1252")
        except UnicodeDecodeError:
            return data.decode("latin-1")


def _number(value: object) -> float | int | None:
    """Return a finite number, or null where there is none to read."""
    try:
        number = int(value) if isinstance(value, str) else value
    except ValueError:
        try:
            number = float(str(value))
        except ValueError:
            return None
    if isinstance(number, bool) or number is None:
        return None if number is None else int(number)
    if isinstance(number, int):
        return number
    try:
        real = float(number)  # type: ignore[arg-type]  # decimals and the like, or refused
    except (TypeError, ValueError):
        return None
    return real if math.isfinite(real) else None


def _by_value(array: pa.Array, read: Callable[[object], object | None], kind: pa.DataType) -> Cast:
    """Read each distinct value once; what returns null is unreadable."""
    if pa.types.is_nested(array.type):
        return _nothing_readable(array, kind)
    if pa.types.is_null(array.type):
        return Cast(pa.nulls(len(array), kind))
    if not (pa.types.is_dictionary(array.type) or pa.types.is_floating(array.type)):
        array = to_text(array).values if _is_binary_like(array.type) else array
        array = array.dictionary_encode()
    elif pa.types.is_floating(array.type):
        # NaN is how data frames write "missing": no value, hence nothing unreadable.
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
        array = array.dictionary_encode()
    mapped = pa.array([read(value) for value in array.dictionary.to_pylist()], kind)
    return _marked(array.indices, mapped.take(array.indices), 0)


def _marked(before: pa.Array, after: pa.Array, mended: int) -> Cast:
    if after.null_count == before.null_count:
        return Cast(after, None, mended)
    unreadable = pc.and_(pc.is_valid(before), pc.is_null(after))
    return Cast(after, unreadable.to_numpy(zero_copy_only=False), mended)


def _nothing_readable(array: pa.Array, kind: pa.DataType) -> Cast:
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    return Cast(pa.nulls(len(array), kind), valid if valid.any() else None)


def _storage(array: pa.Array) -> pa.Array:
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _is_binary_like(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _valid_utf8(array: pa.Array) -> Cast:
    """Keep valid text as it is; decode the cells that are not valid UTF-8 one by one."""
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        # Text whose very layout is broken must not be touched.
        array.view(pa.binary()).validate(full=True)
    else:
        return Cast(array)
    cells = array.view(pa.binary()).to_pylist()
    mended = 0
    texts: list[str | None] = []
    for cell in cells:
        if cell is None:
            texts.append(None)
            continue
        text = decode_bytes(cell)
        mended += text.encode() != cell
        texts.append(text)
    return Cast(pa.array(texts, pa.string()), None, mended)


def _float_to_text(array: pa.Array) -> Cast:
    """Write whole numbers without a fraction: data frames turn ids with gaps into floats."""
    texts = [
        None
        if value is None or math.isnan(value)
        else str(int(value))
        if math.isfinite(value) and value == int(value)
        else repr(value)
        for value in array.to_pylist()
    ]
    return Cast(pa.array(texts, pa.string()))


def _smallest(array: pa.Array) -> int:
    smallest = pc.min(array).as_py()
    return 0 if smallest is None else int(smallest)


def _largest(array: pa.Array) -> int:
    largest = pc.max(array).as_py()
    return 0 if largest is None else int(largest)
