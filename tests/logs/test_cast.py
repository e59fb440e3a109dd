"""Text, numbers and truth from arrays of any type."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.logs.cast import (
    LARGEST_INTEGER,
    decode_bytes,
    offsets_of,
    texts,
    to_booleans,
    to_filled_text,
    to_floats,
    to_integers,
    to_text,
)

_ANY = [
    pa.array([1, None]),
    pa.array([1.5, float("nan")]),
    pa.array([True, None]),
    pa.array(["a", ""]),
    pa.array([b"\xff", b"ok"]),
    pa.array(["a", "b"]).dictionary_encode(),
    pa.array([Decimal("1.5"), None]),
    pa.array([datetime(2026, 1, 1, tzinfo=UTC), None]),
    pa.array([[1], None]),
    pa.array([{"a": 1}, None]),
    pa.array([UUID(int=1).bytes, None], pa.binary(16)).cast(pa.uuid()),
    pa.nulls(2),
    pa.array([2**64 - 1, 0], pa.uint64()),
    pa.array([1, 2], pa.duration("s")),
]


@pytest.mark.parametrize("array", _ANY, ids=lambda array: str(array.type))
def test_every_type_has_an_answer(array: pa.Array) -> None:
    """No Arrow type stops a cast, and an unreadable cell is a null cell."""
    casts = [
        to_text(array),
        to_filled_text(array),
        to_integers(array, pa.int32()),
        to_floats(array),
        to_booleans(array),
    ]
    wanted = [pa.string(), pa.string(), pa.int32(), pa.float64(), pa.bool_()]
    for cast, kind in zip(casts, wanted, strict=True):
        assert cast.values.type == kind
        assert len(cast.values) == len(array)
        cast.values.validate(full=True)
        if cast.unreadable is not None:
            lost = [cell for cell, bad in zip(cast.values, cast.unreadable, strict=True) if bad]
            assert not any(cell.is_valid for cell in lost)


def test_fitting_columns_are_not_copied() -> None:
    """A column that has its type already is handed on as it is."""
    text = pa.array(["a", "b"])
    numbers = pa.array([1, 2])
    assert to_text(text).values.buffers()[2].address == text.buffers()[2].address
    assert to_integers(numbers, pa.int64()).values is numbers


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5), ("5", 5), (" 5 ", 5), (5.0, 5), ("5.0", 5), (-1, None), (5.5, None), ("x", None)],
)
def test_whole_numbers(value: Any, number: int | None) -> None:
    """Counts are whole and not negative; anything else is unreadable."""
    assert to_integers(pa.array([value]), pa.int64()).values.to_pylist() == [number]


def test_numbers_too_large_are_unreadable() -> None:
    """A number beyond the column's range becomes null, its neighbour stays."""
    cast = to_integers(pa.array([2**40, 200]), pa.int32())
    assert cast.values.to_pylist() == [None, 200]
    assert cast.unreadable is not None
    assert cast.unreadable.tolist() == [True, False]


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64(), pa.float64(), pa.string()])
def test_no_count_of_one_exchange_exceeds_the_largest(kind: pa.DataType) -> None:
    """A count beyond the largest is unreadable, also in a column that has its type already."""
    array = pa.array([10**18, LARGEST_INTEGER, 7]).cast(kind, safe=False)
    cast = to_integers(array, pa.int64())
    assert cast.values.to_pylist() == [None, LARGEST_INTEGER, 7]
    assert cast.unreadable is not None
    assert cast.unreadable.tolist() == [True, False, False]


def test_gaps_of_data_frames_are_missing_not_wrong() -> None:
    """NaN means a missing number, so nothing is counted as unreadable."""
    array = pa.array([3.0, float("nan")])
    assert to_integers(array, pa.int64()).unreadable is None
    assert to_floats(array).unreadable is None
    assert to_text(array).values.to_pylist() == ["3", None]


def test_logprobs_may_be_a_number() -> None:
    """Any number but zero switches a flag on."""
    assert to_booleans(pa.array([5, 0, None])).values.to_pylist() == [True, False, None]


@given(st.lists(st.none() | st.binary(max_size=8), max_size=10))
def test_bytes_always_become_text(cells: list[bytes | None]) -> None:
    """Whatever the bytes, the text is valid, and valid text is unchanged."""
    cast = to_text(pa.array(cells, pa.binary()))
    cast.values.validate(full=True)
    for before, after in zip(cells, cast.values.to_pylist(), strict=True):
        if before is None:
            assert after is None
        elif decode_bytes(before).encode() == before:
            assert after == before.decode()


@given(st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=3), max_size=6))
def test_only_text_that_shows_is_filled(values: list[str | None]) -> None:
    """Empty cells and cells of blanks are null, all others are unchanged."""
    blanks = pa.array(["", " ", "\u00a0\t", "\u3000"])
    array = pa.concat_arrays([pa.array(values, pa.string()), blanks])
    filled = to_filled_text(array).values.to_pylist()
    assert filled[len(values) :] == [None] * len(blanks)
    for before, after in zip(values, filled, strict=False):
        assert after == before or (after is None and not (before or "").strip())


@given(st.lists(st.none() | st.text(), max_size=6))
def test_texts_hold_any_string(values: list[str | None]) -> None:
    """Strings that UTF-8 cannot hold are mended, all others are unchanged."""
    array = texts(values)
    array.validate(full=True)
    assert len(array) == len(values)


@given(st.lists(st.text(st.characters(codec="utf-8"))), st.integers(0, 3))
def test_offsets_of_slices(values: list[str], skip: int) -> None:
    """Offsets of a slice give the lengths of its cells."""
    column = pa.array(values, pa.string()).slice(skip)
    offsets = offsets_of(column)
    lengths = [len(text.encode()) for text in column.to_pylist()]
    assert [int(length) for length in offsets[1:] - offsets[:-1]] == lengths
