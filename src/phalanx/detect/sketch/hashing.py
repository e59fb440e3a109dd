"""Keyed 64-bit hashes of strings and tokens, inside numba."""

from __future__ import annotations

import hashlib
import hmac

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

_PRIME_A = np.uint64(0x9E3779B97F4A7C15)
_PRIME_B = np.uint64(0xC2B2AE3D27D4EB4F)
_PRIME_C = np.uint64(0x165667B19E3779F9)
_SHIFT = np.uint64(29)
_SHIFT_WIDE = np.uint64(32)
_EIGHT = np.uint64(8)


def derive_seed(key: bytes | None, purpose: str) -> np.uint64:
    """Derive the seed of one hash family from the pseudonym key.

    Parameters:
        key: Secret of the deployment; null gives a fixed public seed.
        purpose: Domain separation, for example `"sketch"`.

    Returns:
        64 bits of HMAC-SHA256.

    Examples:
        >>> bool(derive_seed(b"k" * 32, "sketch") == derive_seed(b"k" * 32, "prefix"))
        False
    """
    digest = hmac.new(key or b"phalanx", purpose.encode(), hashlib.sha256).digest()
    return np.uint64(int.from_bytes(digest[:8], "little"))


@numba.njit(cache=True, nogil=True, inline="always")
def mix(state: np.uint64, value: np.uint64) -> np.uint64:
    """Fold one 64-bit value into a state (multiply-xorshift)."""
    state = (state ^ value) * _PRIME_A
    return state ^ (state >> _SHIFT)


@numba.njit(cache=True, nogil=True, inline="always")
def finish(state: np.uint64) -> np.uint64:
    """Avalanche, so that every bit of the input reaches every bit of the output."""
    state = (state ^ (state >> _SHIFT_WIDE)) * _PRIME_B
    state = (state ^ (state >> _SHIFT)) * _PRIME_C
    return state ^ (state >> _SHIFT_WIDE)


@numba.njit(cache=True, nogil=True)
def hash_bytes(data: npt.NDArray[np.uint8], start: int, end: int, seed: np.uint64) -> np.uint64:
    """Hash `data[start:end]`, eight bytes a step."""
    state = seed ^ (np.uint64(end - start) * _PRIME_B)
    position = start
    while position + 8 <= end:
        word = np.uint64(0)
        for offset in range(8):
            word |= np.uint64(data[position + offset]) << (np.uint64(offset) * _EIGHT)
        state = mix(state, word)
        position += 8
    tail = np.uint64(0)
    for offset in range(end - position):
        tail |= np.uint64(data[position + offset]) << (np.uint64(offset) * _EIGHT)
    return finish(mix(state, tail))


@numba.njit(cache=True, nogil=True)
def _hash_column(
    offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], seed: np.uint64
) -> npt.NDArray[np.uint64]:
    hashes = np.empty(offsets.size - 1, dtype=np.uint64)
    for row in range(hashes.size):
        hashes[row] = hash_bytes(data, offsets[row], offsets[row + 1], seed)
    return hashes


def text_buffers(column: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Return offsets and bytes of a string column without copying the text.

    Parameters:
        column: String or large string array, in one chunk.

    Returns:
        Offsets of shape (rows + 1,) and the bytes that they point into.
    """
    _, offset_buffer, data_buffer = column.buffers()
    width = np.int64 if pa.types.is_large_string(column.type) else np.int32
    offsets = np.frombuffer(offset_buffer, dtype=width)[
        column.offset : column.offset + len(column) + 1
    ]
    empty = np.zeros(1, dtype=np.uint8)
    data = empty if data_buffer is None else np.frombuffer(data_buffer, dtype=np.uint8)
    return offsets.astype(np.int64), data if data.size else empty


def hash_strings(column: pa.Array, seed: np.uint64) -> npt.NDArray[np.int64]:
    """Hash a string column to 64 bits; 0 stands for null, and for nothing else.

    Examples:
        >>> hashes = hash_strings(pa.array(["a", None, "a"]), derive_seed(None, "x"))
        >>> bool(hashes[0] == hashes[2]), int(hashes[1])
        (True, 0)
    """
    if len(column) == 0 or column.null_count == len(column):
        return np.zeros(len(column), dtype=np.int64)
    offsets, data = text_buffers(column)
    hashes = _hash_column(offsets, data, seed)
    hashes[hashes == 0] = np.uint64(1)
    if column.null_count:
        hashes[np.asarray(column.is_null())] = np.uint64(0)
    return hashes.view(np.int64)
