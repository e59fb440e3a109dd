"""How many contents were new: a HyperLogLog sketch, read by what changes it.

Whether one content is new cannot be told in 128 bytes. But a content that is not new never changes
the sketch, and a new one changes it with a probability that the sketch itself knows. So each change
counts for one divided by that probability, everything else for nothing, and the sum is right on
average: it is the historic inverse probability estimate. Sketches of two tables are merged by the
larger register; that sum is not, so a merged sketch is read by its registers.
"""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt

from phalanx.prevent.state.layout import REGISTERS
from phalanx.text.hashing import finish

_LENGTH = np.uint64(0xA0761D6478BD642F)
_PLACE_BITS = np.uint64(7)
_PLACE_MASK = np.uint64(REGISTERS - 1)
_MOST_RANK = 58
_SHARE = np.array([2.0**-rank for rank in range(_MOST_RANK + 1)])


@numba.njit(cache=True, nogil=True, inline="always")
def answered(content: np.uint64, tokens: int) -> np.uint64:
    """Hash a content with how long its answer was, in doublings.

    Else whoever asks for one token first would have the whole answer afterwards as a repetition.
    """
    doublings = 0
    while tokens > 0:
        doublings += 1
        tokens >>= 1
    return finish(content ^ (_LENGTH * np.uint64(doublings + 1)))


@numba.njit(cache=True, nogil=True, inline="always")
def _place_and_rank(item: np.uint64) -> tuple[np.uint64, int]:
    rest = item >> _PLACE_BITS
    rank = 1
    while rank < _MOST_RANK and rest & np.uint64(1) == np.uint64(0):
        rank += 1
        rest >>= np.uint64(1)
    return item & _PLACE_MASK, rank


@numba.njit(cache=True, nogil=True)
def place_and_rank(content: np.uint64, tokens: int) -> tuple[int, int]:
    """Return the register that an answered content belongs to, and the rank that it has there."""
    place, rank = _place_and_rank(answered(content, tokens))
    return np.int64(place), rank  # type: ignore[return-value] # numba's int


@numba.njit(cache=True, nogil=True)
def take_in(registers: npt.NDArray[np.uint8], item: np.uint64) -> float:
    """Take an item into a sketch.

    Parameters:
        registers: Of one sketch, shape (REGISTERS,); changed.
        item: 64 bits that nobody outside can choose.

    Returns:
        For how many new items it counts: 0 if the sketch does not change, which is so for every
        item that it has seen; 1 on average for one that it has not.
    """
    place, rank = _place_and_rank(item)
    if rank <= registers[place]:
        return 0.0
    # The probability that a new item changes a register, averaged over the registers.
    chance = 0.0
    for register in registers:
        chance += _SHARE[register]
    registers[place] = rank
    return REGISTERS / chance


def merged(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the sketch of all that either has taken in."""
    return np.maximum(one, other)


def estimate(registers: npt.NDArray[np.uint8]) -> float:
    """Return how many different items a sketch has taken in, by its registers alone.

    Parameters:
        registers: Of one sketch, shape (REGISTERS,).

    Returns:
        An estimate with a standard error of about 9 %.

    References:
        Flajolet, Fusy, Gandouet & Meunier, "HyperLogLog", AofA 2007; Ertl, "New cardinality
        estimation algorithms for HyperLogLog sketches", arXiv 1702.01284, section 2.5.

    Examples:
        >>> estimate(np.zeros(128, dtype=np.uint8))
        0.0
    """
    counts = np.bincount(registers, minlength=_MOST_RANK + 1)[: _MOST_RANK + 1]
    total = _tail_term(1 - counts[_MOST_RANK] / REGISTERS) * REGISTERS
    for rank in range(_MOST_RANK - 1, 0, -1):
        total = 0.5 * (total + counts[rank])
    total += REGISTERS * _empty_term(counts[0] / REGISTERS)
    return REGISTERS**2 / (2 * math.log(2) * total) if math.isfinite(total) else 0.0


def _empty_term(share: float) -> float:
    """Ertl's sigma: x + sum over k of x^(2^k) 2^(k-1), infinite at 1."""
    if share == 1.0:
        return math.inf
    weight, total, before = 1.0, share, -1.0
    while total != before:
        share *= share
        before, total = total, total + share * weight
        weight += weight
    return total


def _tail_term(share: float) -> float:
    """Ertl's tau: (1 - x - sum over k of (1 - x^(2^-k))^2 2^-k) / 3."""
    if share in {0.0, 1.0}:
        return 0.0
    weight, total, before = 1.0, 1 - share, -1.0
    while total != before:
        share = math.sqrt(share)
        weight *= 0.5
        before, total = total, total - (1 - share) ** 2 * weight
    return total / 3
