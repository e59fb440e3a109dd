"""The stream of torch's CPU generator, without torch: MT19937 under a seed of 32 bits.

`torch.randperm` swaps forward: place `i` with one drawn from `i` to the last. Where one token
ends can so be followed without the others.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]

_SIZE, _FAR = 624, 397
_LAST, _STEP = np.uint32(0x9908B0DF), np.uint64(1812433253)
_UPPER, _LOWER = np.uint32(0x80000000), np.uint32(0x7FFFFFFF)
_LOW = np.uint64(0xFFFFFFFF)
_ONE = np.uint32(1)


@numba.njit(cache=True, nogil=True)
def start(seed: np.uint64, state: Words) -> None:
    """Set a state of 624 words by the low 32 bits of a seed, as `manual_seed` does."""
    word = seed & _LOW
    state[0] = word
    for i in range(1, _SIZE):
        word = (_STEP * (word ^ (word >> np.uint64(30))) + np.uint64(i)) & _LOW
        state[i] = word


@numba.njit(cache=True, nogil=True)
def turn(state: Words) -> None:
    """Go on by 624 words."""
    for i in range(_SIZE - _FAR):
        y = (state[i] & _UPPER) | (state[i + 1] & _LOWER)
        state[i] = state[i + _FAR] ^ (y >> _ONE) ^ ((y & _ONE) * _LAST)
    for i in range(_SIZE - _FAR, _SIZE - 1):
        y = (state[i] & _UPPER) | (state[i + 1] & _LOWER)
        state[i] = state[i + _FAR - _SIZE] ^ (y >> _ONE) ^ ((y & _ONE) * _LAST)
    y = (state[_SIZE - 1] & _UPPER) | (state[0] & _LOWER)
    state[_SIZE - 1] = state[_FAR - 1] ^ (y >> _ONE) ^ ((y & _ONE) * _LAST)


@numba.njit(cache=True, nogil=True, inline="always")
def tempered(y: np.uint32) -> np.uint32:
    """Return the number that a word of the state gives."""
    y ^= y >> np.uint32(11)
    y ^= (y << np.uint32(7)) & np.uint32(0x9D2C5680)
    y ^= (y << np.uint32(15)) & np.uint32(0xEFC60000)
    return y ^ (y >> np.uint32(18))


@numba.njit(cache=True, nogil=True)
def stream(seed: np.uint64, count: int) -> Words:
    """Return the first numbers of 32 bits under a seed.

    Examples:
        >>> stream(np.uint64(5489), 2).tolist()
        [3499211612, 581869302]
    """
    state = np.empty(_SIZE, dtype=np.uint32)
    start(seed, state)
    numbers = np.empty(count, dtype=np.uint32)
    for i in range(count):
        if i % _SIZE == 0:
            turn(state)
        numbers[i] = tempered(state[i % _SIZE])
    return numbers


@numba.njit(cache=True, nogil=True)
def permutation(seed: np.uint64, size: int) -> npt.NDArray[np.int64]:
    """Return what `torch.randperm(size)` does on a CPU under a seed.

    Examples:
        >>> permutation(np.uint64(0), 6).tolist()
        [2, 5, 3, 0, 1, 4]
    """
    numbers = stream(seed, max(size - 1, 0))
    order = np.arange(size)
    for i in range(size - 1):
        other = i + np.int64(numbers[i]) % (size - i)
        order[i], order[other] = order[other], order[i]
    return order


@numba.njit(cache=True, nogil=True)
def is_among_first(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not objects
    seed: np.uint64,
    token: int,
    first: int,
    size: int,
    inverses: npt.NDArray[np.float64],
    state: Words,
) -> bool:
    """Say whether a token is among the first of `torch.randperm(size)`.

    Parameters:
        seed: Of the generator.
        token: From 0 to size - 1.
        first: How many are the first.
        size: Of the permutation.
        inverses: 1 / (size - i) for each i below `first`.
        state: Scratch space of 624 words.
    """
    start(seed, state)
    place, i = np.int64(token), 0
    while i < first:
        turn(state)
        for word in range(min(_SIZE, first - i)):
            number = np.int64(tempered(state[word]))
            # The remainder by a multiplication; the quotient may be one off either way.
            left = size - i
            other = number - np.int64(number * inverses[i]) * left
            if other < 0:
                other += left
            elif other >= left:
                other -= left
            other += i
            if other == place:
                return True
            if place == i:
                place = other
            i += 1
    return False
