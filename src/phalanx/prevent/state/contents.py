"""What requests send, as 64 bits each: one hash for a single request and for a column of them.

Each part is hashed under a secret key, and the hashes of the parts together under another. Without
the keys nobody can choose contents that the sketch of an account takes for one another.
"""

from __future__ import annotations

from functools import lru_cache

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.logs.siphash import Key, absorb, close_state, hash_key, open_state, siphash
from phalanx.text.hashing import text_buffers

Words = npt.NDArray[np.uint64]


def contents_of(columns: tuple[pa.Array, ...], key: bytes) -> Words:
    """Return 64 bits for each request that stand for what it sends.

    Parameters:
        columns: System prompts, turns before and prompts: string arrays of one length in one
            chunk. A part that is null is another than an empty one.
        key: Secret of the deployment, 16 to 64 bytes.

    Examples:
        >>> one, other = contents_of((pa.array(["a", "ab"]), pa.array(["b", ""])), bytes(32))
        >>> bool(one == other)
        False
    """
    of_part, of_all = content_keys(key)
    rows = len(columns[0])
    hashes = np.empty((len(columns), rows), dtype=np.uint64)
    said = np.empty((rows, len(columns)), dtype=np.bool_)
    for place, column in enumerate(columns):
        offsets, data = text_buffers(column.fill_null("") if column.null_count else column)
        _hash_texts(offsets, data, of_part, hashes[place])
        said[:, place] = column.is_valid().to_numpy(zero_copy_only=False)
    return _together(np.ascontiguousarray(hashes.T), said, of_all)


@lru_cache(maxsize=8)
def content_keys(key: bytes) -> tuple[Key, Key]:
    """Return the keys under which parts, and contents of parts, are hashed."""
    return hash_key(key + b" part of a content"), hash_key(key + b" whole content")


@numba.njit(cache=True, nogil=True)
def _hash_texts(
    offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], key: Key, hashes: Words
) -> None:
    for row in range(hashes.size):
        hashes[row] = siphash(data, offsets[row], offsets[row + 1], key)


@numba.njit(cache=True, nogil=True)
def together(hashes: Words, said: npt.NDArray[np.bool_], key: Key) -> np.uint64:
    """Return what stands for a content whose parts are hashed.

    Parameters:
        hashes: Of the parts, each by `siphash` under the first of `content_keys`.
        said: Which of the parts are there.
        key: The second of `content_keys`.
    """
    state = open_state(key)
    for part in range(hashes.size):
        state = absorb(state, hashes[part])
        state = absorb(state, np.uint64(said[part]))
    return close_state(state, 2 * hashes.size)


@numba.njit(cache=True, nogil=True)
def _together(hashes: Words, said: npt.NDArray[np.bool_], key: Key) -> Words:
    contents = np.empty(hashes.shape[0], dtype=np.uint64)
    for row in range(hashes.shape[0]):
        contents[row] = together(hashes[row], said[row], key)
    return contents
