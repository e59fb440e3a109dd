"""Lengths of texts: cut the longest, count the characters of responses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.logs.cast import offsets_of, to_integers
from phalanx.logs.messages import text_of
from phalanx.logs.schema import RESPONSE_CHARACTERS

NOT_LOGGED = -1
"""Response length of a row whose log has none."""


def cut(text: pa.Array, maximum_characters: int) -> tuple[pa.Array, int]:
    """Cut texts that are too long; return the column and how many were cut.

    Examples:
        >>> values, truncated = cut(pa.array(["abcd", "ab", None]), 3)
        >>> values.to_pylist(), truncated
        (['abc', 'ab', None], 1)
    """
    byte_lengths = np.diff(offsets_of(text))
    suspects = np.flatnonzero(byte_lengths > maximum_characters)
    if not len(suspects):
        return text, 0
    chosen = text.take(pa.array(suspects))
    too_long = pc.greater(pc.utf8_length(chosen), maximum_characters)
    truncated = pc.sum(too_long).as_py() or 0
    if not truncated:
        return text, 0
    mask = np.zeros(len(text), np.bool_)
    mask[suspects] = True
    short = pc.utf8_slice_codeunits(chosen, 0, maximum_characters)
    return pc.replace_with_mask(text, pa.array(mask), short), truncated


def response_characters(columns: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """Return the length of each response, -1 where it was not logged.

    Parameters:
        columns: Columns of a chunk; `response_characters` comes before `response`.
        rows: Length of the columns.

    Examples:
        >>> response_characters({"response": pa.array(["abc", None])}, 2).to_pylist()
        [3, -1]
    """
    lengths = pa.nulls(rows, pa.int32())
    if RESPONSE_CHARACTERS in columns:
        lengths = to_integers(columns[RESPONSE_CHARACTERS], pa.int32()).values
    if lengths.null_count and "response" in columns:
        lengths = pc.coalesce(lengths, _lengths(columns["response"]))
    return lengths.fill_null(NOT_LOGGED)


def as_response_text(array: pa.Array) -> pa.Array:
    """Return responses as text; those that are lists of parts as the text inside them.

    Examples:
        >>> as_response_text(pa.array([[{"type": "text", "text": "Hello"}], None])).to_pylist()
        ['Hello', None]
    """
    if not pa.types.is_nested(array.type):
        return array
    return pa.array([None if cell is None else text_of(cell) for cell in array.to_pylist()])


def _lengths(array: pa.Array) -> pa.Array:
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        return _lengths(array.dictionary).take(array.indices)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        # Counts bytes that begin a character, so that invalid text does no harm.
        return pc.utf8_length(array).cast(pa.int32())
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), pa.int32())
    values = [None if cell is None else len(text_of(_as_text(cell))) for cell in array.to_pylist()]
    return pa.array(values, pa.int32())


def _as_text(cell: object) -> object:
    return cell.decode(errors="replace") if isinstance(cell, bytes) else cell
