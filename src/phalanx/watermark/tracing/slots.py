"""A code in marks: each context belongs to a place of the code, and each place has two keys.

An account's text is marked, after each context, under the key of the context's place that the
account's bit there selects. So every text carries a random part of its account's word, and a
corpus of many texts carries it whole.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from phalanx.logs.siphash import Key, absorb, close_state, open_state
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.scheme import Scheme

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, eq=False)
class SlotReading:
    """What a corpus shows at each place of a code."""

    draws: npt.NDArray[np.int64]
    """Tokens that counted at each place, shape (places,); none is an erasure."""

    zero_log10_p: npt.NDArray[np.float64]
    """p-value of the null that nothing there was written under the key of zero."""

    one_log10_p: npt.NDArray[np.float64]
    """The same of the key of one."""


class SlotKeys:
    """The keys of all places of a code.

    Parameters:
        secret: 32 random bytes.
        places: Length of the code.
        key_bytes: Length of the scheme's keys.

    Raises:
        ValueError: If the secret has another length or there is no place.

    Examples:
        >>> keys = SlotKeys(bytes(32), 100, 32)
        >>> word = np.zeros(100, dtype=bool)
        >>> keys.key_after(np.array([7, 8, 9, 10]), word) == keys.key(int(
        ...     keys.places_after(np.array([7, 8, 9, 10]), np.array([4]), 4)[0]), one=False)
        True
    """

    def __init__(self, secret: bytes, places: int, key_bytes: int) -> None:
        """Derive the hash that deals contexts to places."""
        if len(secret) != SECRET_BYTES or places < 1:
            message = f"slots need a secret of {SECRET_BYTES} bytes, and at least one place"
            raise ValueError(message)
        self.places = places
        self._secret = secret
        self._key_bytes = key_bytes
        digest = self._derived(b"place", 16)
        first, second = (int.from_bytes(digest[at : at + 8], "little") for at in (0, 8))
        self._hash: Key = (np.uint64(first), np.uint64(second))

    @property
    def place_hash(self) -> Key:
        """Key of the hash that deals contexts to places, for kernels that deal them too; secret."""
        return self._hash

    def key(self, place: int, *, one: bool) -> bytes:
        """Return the key of a place for a bit."""
        return self._derived(b"key" + place.to_bytes(8, "big") + bytes([one]), self._key_bytes)

    def key_after(self, context: npt.NDArray[np.int64], word: npt.NDArray[np.bool_]) -> bytes:
        """Return the key under which the token after a context is chosen for a codeword."""
        size = context.size
        place = int(self.places_after(context, np.array([size]), size)[0])
        return self.key(place, one=bool(word[place]))

    def places_after(
        self, stream: npt.NDArray[np.int64], positions: npt.NDArray[np.int64], width: int
    ) -> npt.NDArray[np.int64]:
        """Return the place that the context before each position belongs to."""
        places = np.empty(positions.size, dtype=np.int64)
        _deal(stream, positions, width, self._hash, np.uint64(self.places), places)
        return places

    def _derived(self, purpose: bytes, size: int) -> bytes:
        seed = hmac.digest(self._secret, b"phalanx-slots-v1\0" + purpose, hashlib.sha256)
        return seed[:size] if size <= len(seed) else hashlib.shake_256(seed).digest(size)


def read_slots(draws: Draws, scheme: Scheme, keys: SlotKeys) -> SlotReading:
    """Read what a corpus shows at each place of a code.

    Parameters:
        draws: What counts of the corpus, as the scheme counts.
        scheme: Under which the texts were marked.
        keys: Of the places.

    Examples:
        >>> from phalanx.watermark.draws import draw
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> corpus = draw([list(range(50))], 4)
        >>> read_slots(corpus, PhalanxGumbel(), SlotKeys(bytes(32), 8, 32)).draws.sum()
        np.int64(46)
    """
    places = keys.places_after(draws.stream, draws.positions, draws.context_width)
    order = np.argsort(places, kind="stable")
    counts = np.bincount(places, minlength=keys.places)
    logs = np.zeros((2, keys.places))
    starts = np.concatenate([[0], np.cumsum(counts)])
    for place in np.flatnonzero(counts):
        chosen = order[starts[place] : starts[place + 1]]
        part = Draws(
            draws.stream, draws.positions[chosen], draws.tokens[chosen], draws.context_width, 0
        )
        for bit in (0, 1):
            total = scheme.scores(part, keys.key(int(place), one=bool(bit))).sum()
            logs[bit, place] = scheme.setting.law(np.array([total]), part)[0]
    return SlotReading(counts, logs[0], logs[1])


@numba.njit(cache=True, nogil=True)
def _deal(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not objects
    stream: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
    width: int,
    key: Key,
    count: np.uint64,
    places: npt.NDArray[np.int64],
) -> None:
    for index in range(positions.size):
        state = open_state(key)
        for at in range(positions[index] - width, positions[index]):
            state = absorb(state, np.uint64(stream[at]))
        places[index] = np.int64(close_state(state, width) % count)
