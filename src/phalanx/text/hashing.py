"""64-bit hashes of strings and tokens, inside numba.

Strings that identify something are hashed by SipHash under a key: nobody can prepare two
that agree. Tokens, and what is made of them, are mixed by a faster function without a key.
Its collisions can be prepared, and buy nothing: a word that passes for another is had by
writing that other word. What leaves is keyed at the end (`disguise`).
"""

from __future__ import annotations

import hashlib
import hmac

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.logs.siphash import Key, hash_key, siphash

_PRIME_A = np.uint64(0x9E3779B97F4A7C15)
_PRIME_B = np.uint64(0xC2B2AE3D27D4EB4F)
_PRIME_C = np.uint64(0x165667B19E3779F9)
_SHIFT = np.uint64(29)
_SHIFT_WIDE = np.uint64(32)


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
    """Fold one 64-bit value into a state (multiply-xorshift); not for keyed hashes."""
    state = (state ^ value) * _PRIME_A
    return state ^ (state >> _SHIFT)


@numba.njit(cache=True, nogil=True, inline="always")
def finish(state: np.uint64) -> np.uint64:
    """Avalanche, so that every bit of the input reaches every bit of the output."""
    state = (state ^ (state >> _SHIFT_WIDE)) * _PRIME_B
    state = (state ^ (state >> _SHIFT)) * _PRIME_C
    return state ^ (state >> _SHIFT_WIDE)


@numba.njit(cache=True, nogil=True, inline="always")
def disguise(value: np.uint64, key: Key) -> np.uint64:
    """Key a public value; different values stay different, so no key changes what agrees.

    References:
        Even & Mansour, "A construction of a cipher from a single pseudorandom
        permutation", Journal of Cryptology 1997: a public permutation between two keys.
    """
    first, second = key
    return finish(finish(value ^ first) ^ second) ^ first


@numba.njit(cache=True, nogil=True)
def _hash_column(
    offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], key: Key
) -> npt.NDArray[np.uint64]:
    hashes = np.empty(offsets.size - 1, dtype=np.uint64)
    for row in range(hashes.size):
        hashes[row] = siphash(data, offsets[row], offsets[row + 1], key)
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
    offsets = np.zeros(1, dtype=width)
    if len(column):
        # Counted, because a buffer of a file may be longer, and of any length.
        count = column.offset + len(column) + 1
        offsets = np.frombuffer(offset_buffer, dtype=width, count=count)[column.offset :]
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
    hashes = _hash_column(offsets, data, hash_key(seed.tobytes()))
    hashes[hashes == 0] = np.uint64(1)
    if column.null_count:
        hashes[np.asarray(column.is_null())] = np.uint64(0)
    return hashes.view(np.int64)
