"""Philox4x32-10, the counter-based generator that engines choose tokens with.

It is fast and statistically sound, and was never meant as a secret function: no proof or long
attention says that its key cannot be found from its values.
"""

from __future__ import annotations

import numba
import numpy as np

Words = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
"""Four words of 32 bits, each in 64."""

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ROUNDS = 10
_FIRST, _SECOND = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_FIRST_STEP, _SECOND_STEP = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@numba.njit(cache=True, nogil=True, inline="always")
def philox(counter: Words, first_key: np.uint64, second_key: np.uint64) -> Words:
    """Return four words of 32 bits.

    References:
        Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

    Examples:
        >>> zero = np.uint64(0)
        >>> [hex(int(word)) for word in philox((zero, zero, zero, zero), zero, zero)]
        ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    w0, w1, w2, w3 = counter
    for _ in range(_ROUNDS):
        one, two = w0 * _FIRST, w2 * _SECOND
        w0 = (two >> _HALF) ^ w1 ^ first_key
        w1 = two & _LOW
        w2 = (one >> _HALF) ^ w3 ^ second_key
        w3 = one & _LOW
        first_key = (first_key + _FIRST_STEP) & _LOW
        second_key = (second_key + _SECOND_STEP) & _LOW
    return w0, w1, w2, w3


@numba.njit(cache=True, nogil=True, inline="always")
def word_of(words: Words, token: np.uint64) -> np.uint64:
    """Return the word of a token: four tokens in a row share a counter, and have a word each."""
    which = token & np.uint64(3)
    if which == 1:
        return words[1]
    if which == 2:
        return words[2]
    if which == 3:
        return words[3]
    return words[0]
