"""Hashed features of texts, for peers that compare queries by distance.

Signed hashing of all runs of three and four bytes into 256 numbers, square-rooted and
brought to length one: what the projection of n-gram counts does, in one pass.
"""

from __future__ import annotations

import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

WIDTH = 256
_MOST_BYTES = 1500
"""Bytes of a text that count."""


def embed(texts: pa.ChunkedArray) -> NDArray[np.float32]:
    """Return one vector of length one for each text, shape (texts, WIDTH).

    Examples:
        >>> one = embed(pa.chunked_array([["tell me a joke", "tell me a story", "3 * 7"]]))
        >>> bool(one[0] @ one[1] > one[0] @ one[2])
        True
    """
    lower = pc.utf8_lower(texts).combine_chunks().cast(pa.large_string())
    _, offsets, data = lower.buffers()
    starts = np.frombuffer(offsets, dtype=np.int64)[lower.offset : lower.offset + len(lower) + 1]
    out = np.zeros((len(lower), WIDTH), dtype=np.float32)
    _hash_runs(np.frombuffer(data or b"", dtype=np.uint8), starts, _MOST_BYTES, out)
    return out


@numba.njit(nogil=True, cache=True)
def _hash_runs(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    most_bytes: int,
    out: NDArray[np.float32],
) -> None:
    """Count signed runs into `out`, in place."""
    for row in range(out.shape[0]):
        begin = starts[row]
        end = min(starts[row + 1], begin + most_bytes)
        for at in range(begin, end - 2):
            state = np.uint64(data[at]) << np.uint64(16)
            state |= np.uint64(data[at + 1]) << np.uint64(8)
            state |= np.uint64(data[at + 2])
            for longer in range(2):
                if longer == 1:
                    if at + 3 >= end:
                        break
                    state = (state << np.uint64(8)) | np.uint64(data[at + 3]) | np.uint64(1 << 40)
                mixed = (state + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
                mixed ^= mixed >> np.uint64(29)
                mixed *= np.uint64(0xBF58476D1CE4E5B9)
                mixed ^= mixed >> np.uint64(32)
                bucket = np.int64(mixed & np.uint64(255))
                sign = 1.0 if (mixed >> np.uint64(40)) & np.uint64(1) else -1.0
                out[row, bucket] += sign
        length = 0.0
        for place in range(out.shape[1]):
            value = out[row, place]
            out[row, place] = np.sqrt(value) if value >= 0 else -np.sqrt(-value)
            length += abs(value)
        if length > 0:
            for place in range(out.shape[1]):
                out[row, place] /= np.sqrt(length)
