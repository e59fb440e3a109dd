"""What a row of the narrow table says of one request beyond its text.

Each function takes columns of a batch of the log and gives one integer a row.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.sketches.prompts import CAPABILITY_BIT
from phalanx.text import hash_strings

_PARAMETER_STRINGS = ("user_agent", "tools_hash", "endpoint")
_PARAMETER_NUMBERS = ("temperature", "top_p", "max_tokens", "n", "logprobs", "stream")

TIE_BITS = 15
"""Lowest bits of a draw, which tell exchanges of one moment and length apart."""


def integers(column: pa.Array) -> npt.NDArray[np.int64]:
    """Return integers, with 0 for null."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", tz="UTC"))
        column = column.view(pa.int64())
    filled = column.fill_null(0) if column.null_count else column
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.int64)


def parameter_signature(batch: pa.RecordBatch, seed: np.uint64) -> npt.NDArray[np.int64]:
    """Hash the request settings that a client program fixes; 0 where none was logged."""
    state = np.zeros(batch.num_rows, dtype=np.uint64)
    known = np.zeros(batch.num_rows, dtype=np.bool_)
    parts = [(batch.column(n), hash_strings(batch.column(n), seed)) for n in _PARAMETER_STRINGS]
    for name in _PARAMETER_NUMBERS:
        column = batch.column(name)
        numbers = column.cast(pa.float64()) if column.type != pa.bool_() else column.cast(pa.int8())
        filled = numbers.cast(pa.float64()).fill_null(-1.0).to_numpy(zero_copy_only=False)
        parts.append((column, np.ascontiguousarray(filled).view(np.int64)))
    for column, hashes in parts:
        known |= np.asarray(column.is_valid())
        state = (state ^ hashes.view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        state ^= state >> np.uint64(29)
    state[~known] = np.uint64(0)
    return state.view(np.int64)


def order_of_draw(
    timestamp: npt.NDArray[np.int64],
    words: npt.NDArray[np.int32],
    signs: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Return a pseudo-random order of exchanges, whatever their rows, names and key.

    Time and length decide; among equals of both what is said does, so that no engine breaks a
    tie in its own way.
    """
    state = timestamp.view(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    state ^= words.astype(np.uint64)
    state *= np.uint64(0x9E3779B97F4A7C15)
    mixed = (state ^ (state >> np.uint64(31))) >> np.uint64(1 + TIE_BITS)
    said = (signs.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - TIE_BITS)
    return np.asarray(((mixed << np.uint64(TIE_BITS)) | said).view(np.int64))


def flipped(signs: npt.NDArray[np.int64], seed: np.uint64) -> npt.NDArray[np.int64]:
    """Flip the same signs of all prompts: what they say of each other stays, 0 is still none.

    It hides what a prompt is about from who does not know another prompt of the log.
    """
    flipped = np.maximum(signs.view(np.uint64) ^ seed, np.uint64(1)).view(np.int64)
    return np.where(signs != 0, flipped, 0)


def offers_tools(batch: pa.RecordBatch) -> npt.NDArray[np.int16]:
    """Return the tool-use bit where the request carried tools, whatever its text says."""
    carried = np.asarray(batch.column("tools_hash").is_valid())
    return (carried * CAPABILITY_BIT["tool use"]).astype(np.int16)


def soft_labels(batch: pa.RecordBatch) -> npt.NDArray[np.int16]:
    """Mark requests for several answers or for log-probabilities."""
    asked = pc.fill_null(batch.column("logprobs"), fill_value=False).to_numpy(zero_copy_only=False)
    return np.asarray((integers(batch.column("n")) > 1) | asked).astype(np.int16)


def input_tokens(batch: pa.RecordBatch, words: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Take logged tokens, or four thirds of the words of the last turn."""
    column = batch.column("input_tokens")
    estimate = words.astype(np.int64) * 4 // 3
    return np.where(np.asarray(column.is_valid()), integers(column), estimate)


def output_tokens(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Take logged tokens, or a quarter of the response's characters, or -1."""
    column = batch.column("output_tokens")
    characters = integers(batch.column("response_characters"))
    estimate = np.where(characters >= 0, characters // 4, -1)
    return np.where(np.asarray(column.is_valid()), integers(column), estimate)
