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


def content_of(parts: tuple[str | None, ...], key: bytes) -> int:
    """Return 64 bits that stand for what a request sends: system prompt, turns before, prompt.

    Parameters:
        parts: Texts, of which None is another than the empty one.
        key: Secret of the deployment, 16 to 64 bytes.

    Examples:
        >>> content_of(("a", "b"), bytes(32)) == content_of(("ab", ""), bytes(32))
        False
    """
    texts = [b"" if part is None else part.encode("utf-8", "surrogatepass") for part in parts]
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    of_part, of_all = _keys(key)
    hashes = np.empty(len(texts), dtype=np.uint64)
    _hash_texts(offsets, np.frombuffer(b"".join(texts) or b"\0", np.uint8), of_part, hashes)
    said = np.array([[part is not None for part in parts]])
    return int(_together(hashes[None, :], said, of_all)[0])


def contents_of(columns: tuple[pa.Array, ...], key: bytes) -> Words:
    """Return what `content_of` says of each row.

    Parameters:
        columns: The parts, string arrays of one length in one chunk.
        key: As for `content_of`.
    """
    of_part, of_all = _keys(key)
    rows = len(columns[0])
    hashes = np.empty((len(columns), rows), dtype=np.uint64)
    said = np.empty((rows, len(columns)), dtype=np.bool_)
    for place, column in enumerate(columns):
        offsets, data = text_buffers(column.fill_null("") if column.null_count else column)
        _hash_texts(offsets, data, of_part, hashes[place])
        said[:, place] = column.is_valid().to_numpy(zero_copy_only=False)
    return _together(np.ascontiguousarray(hashes.T), said, of_all)


@lru_cache(maxsize=8)
def _keys(key: bytes) -> tuple[Key, Key]:
    return hash_key(key + b" part of a content"), hash_key(key + b" whole content")


@numba.njit(cache=True, nogil=True)
def _hash_texts(
    offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], key: Key, hashes: Words
) -> None:
    for row in range(hashes.size):
        hashes[row] = siphash(data, offsets[row], offsets[row + 1], key)


@numba.njit(cache=True, nogil=True)
def _together(hashes: Words, said: npt.NDArray[np.bool_], key: Key) -> Words:
    contents = np.empty(hashes.shape[0], dtype=np.uint64)
    for row in range(hashes.shape[0]):
        state = open_state(key)
        for part in range(hashes.shape[1]):
            state = absorb(state, hashes[row, part])
            state = absorb(state, np.uint64(said[row, part]))
        contents[row] = close_state(state, 2 * hashes.shape[1])
    return contents
