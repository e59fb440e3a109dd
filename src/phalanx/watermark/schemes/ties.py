"""Draws that a weak hash ties to an earlier one, and the coins that are tossed for them.

Some schemes boil the context down to a number of few bits, so that different contexts come out
the same: counted twice, one coincidence would convict. The second of them gets the toss of a
coin instead of its score. The coin has the chance that a score has if nothing is marked, so
that the law of the sum stays exact; it depends on nothing that a writer without the key could
know, and says nothing.
"""

from __future__ import annotations

import hashlib
import hmac

import numba
import numpy as np
import numpy.typing as npt

from phalanx.logs.siphash import Key, absorb, close_state, open_state
from phalanx.text.hashing import finish
from phalanx.watermark.draws import Draws

_PURPOSE = b"phalanx coins of tied draws"
_UNIT = 2.0**-53
_DROPPED = np.uint64(11)
_ONE = np.uint64(1)


def find_tied(entries: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return the places of entries that stood before.

    Examples:
        >>> find_tied(np.array([7, 0, 7, 0, 9], dtype=np.uint64)).tolist()
        [2, 3]
    """
    table = np.zeros(1 << max(4, (2 * entries.size).bit_length()), dtype=np.uint64)
    return np.flatnonzero(_tied(entries, table))


def toss(
    draws: Draws, places: npt.NDArray[np.int64], key: bytes, share: float, coins: int = 1
) -> npt.NDArray[np.float64]:
    """Toss coins for some draws.

    Parameters:
        draws: All draws.
        places: Which of them, shape (places,).
        key: Secret of the mark.
        share: Chance of heads.
        coins: For each draw.

    Returns:
        Heads for each place, shape (places,).

    Examples:
        >>> from phalanx.watermark.draws import draw
        >>> toss(draw([range(9)], 1), np.arange(8), b"k", 0.5).tolist()
        [1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]
    """
    digest = hmac.digest(key, _PURPOSE, hashlib.sha256)
    first, second = (np.uint64(int.from_bytes(digest[i : i + 8], "little")) for i in (0, 8))
    positions, tokens = draws.positions[places], draws.tokens[places]
    return _toss(
        draws.stream, positions, tokens, draws.context_width, (first, second), share, coins
    )


@numba.njit(cache=True, nogil=True)
def _tied(entries: npt.NDArray[np.uint64], table: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    tied = np.zeros(entries.size, dtype=np.bool_)
    last = np.uint64(table.size - 1)
    zero_seen = False
    for index in range(entries.size):
        entry = entries[index]
        if entry == 0:
            tied[index] = zero_seen
            zero_seen = True
            continue
        slot = finish(entry) & last
        while table[slot] != 0 and table[slot] != entry:
            slot = (slot + _ONE) & last
        tied[index] = table[slot] == entry
        table[slot] = entry
    return tied


@numba.njit(cache=True, nogil=True)
def _toss(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not objects
    stream: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
    tokens: npt.NDArray[np.int64],
    width: int,
    key: Key,
    share: float,
    coins: int,
) -> npt.NDArray[np.float64]:
    heads = np.zeros(positions.size)
    for index in range(positions.size):
        state = open_state(key)
        for place in range(positions[index] - width, positions[index]):
            state = absorb(state, np.uint64(stream[place]))
        state = absorb(state, np.uint64(tokens[index]))
        for coin in range(coins):
            value = close_state(absorb(state, np.uint64(coin)), width + 2)
            heads[index] += (value >> _DROPPED) * _UNIT < share
    return heads
