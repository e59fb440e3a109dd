"""A fast 64-bit hash of short texts, for tables in memory. Not for secrets."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt


@numba.njit(cache=True, nogil=True, inline="always")
def text_hash(data: npt.NDArray[np.uint8], start: int, end: int) -> np.uint64:
    """Hash the bytes in a range, eight at a time; the result is never 0.

    Examples:
        >>> text = np.frombuffer(b"abcabc", np.uint8)
        >>> text_hash(text, 0, 3) == text_hash(text, 3, 6) != 0
        True
    """
    value = np.uint64(end - start) * np.uint64(0x9E3779B97F4A7C15)
    position = start
    while position + 8 <= end:
        word = (
            np.uint64(data[position])
            | np.uint64(data[position + 1]) << np.uint64(8)
            | np.uint64(data[position + 2]) << np.uint64(16)
            | np.uint64(data[position + 3]) << np.uint64(24)
            | np.uint64(data[position + 4]) << np.uint64(32)
            | np.uint64(data[position + 5]) << np.uint64(40)
            | np.uint64(data[position + 6]) << np.uint64(48)
            | np.uint64(data[position + 7]) << np.uint64(56)
        )
        value = (value ^ word) * np.uint64(0xBF58476D1CE4E5B9)
        value ^= value >> np.uint64(31)
        position += 8
    word = np.uint64(0)
    while position < end:
        word = word << np.uint64(8) | np.uint64(data[position])
        position += 1
    value = (value ^ word) * np.uint64(0x94D049BB133111EB)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(31)
    return value if value != 0 else np.uint64(1)
