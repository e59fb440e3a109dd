"""A writer with a tunable entropy, marked by keyed races: millions of tokens a minute.

After each token its context has `CHOICES` possible next ones with chances k^-sharpness: at 0
all are equal (4.2 nats), at 3 the first has four fifths. What may come next follows from the
last two tokens, so that texts repeat phrases as those of a model do.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import numba
import numpy as np
import numpy.typing as npt

from phalanx.logs.siphash import Key, absorb, close_state, open_state
from phalanx.text.hashing import finish, mix
from phalanx.watermark.schemes.phalanx_gumbel import CONTEXT_WIDTH, NAME
from phalanx.watermark.tracing import SlotKeys

CHOICES = 64
VOCABULARY = 32_000

Tokens = npt.NDArray[np.int64]


def entropy_nats(sharpness: float) -> float:
    """Return the entropy of each choice."""
    share = np.arange(1.0, CHOICES + 1.0) ** -sharpness
    share /= share.sum()
    return float(-(share * np.log(share)).sum())


def write(
    length: int,
    keys: Sequence[bytes],
    sharpness: float,
    seed: int,
    slots: SlotKeys | None = None,
) -> Tokens:
    """Write one text.

    Parameters:
        length: Tokens.
        keys: None for an unmarked text, one for a marked one, or one for each place of a code.
        sharpness: Of the chances.
        seed: Of the text.
        slots: Deals contexts to the keys.
    """
    share = np.arange(1.0, CHOICES + 1.0) ** -sharpness
    hashes = np.array([_hash_key(key) for key in keys], dtype=np.uint64).reshape(-1, 2)
    place_key = slots._hash if slots is not None else (np.uint64(0), np.uint64(0))  # noqa: SLF001
    text = np.empty(length + CONTEXT_WIDTH, dtype=np.int64)
    text[:CONTEXT_WIDTH] = np.random.default_rng(seed).integers(0, VOCABULARY, CONTEXT_WIDTH)
    _write(text, share / share.sum(), hashes, place_key, seed)
    return text


def _hash_key(secret: bytes) -> tuple[int, int]:
    digest = hmac.digest(secret, NAME.encode(), hashlib.sha256)
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:16], "little")


@numba.njit(cache=True, nogil=True)
def _write(
    text: Tokens,
    share: npt.NDArray[np.float64],
    keys: npt.NDArray[np.uint64],
    place_key: Key,
    seed: int,
) -> None:
    np.random.seed(seed % 2**32)  # noqa: NPY002 - what numba has
    width = CONTEXT_WIDTH
    for at in range(width, text.size):
        key = (np.uint64(0), np.uint64(0))
        if keys.shape[0] > 0:
            place = np.uint64(0)
            if keys.shape[0] > 1:
                state = open_state(place_key)
                for back in range(at - width, at):
                    state = absorb(state, np.uint64(text[back]))
                place = close_state(state, width) % np.uint64(keys.shape[0])
            key = (keys[place, 0], keys[place, 1])
        context = open_state(key)
        for back in range(at - width, at):
            context = absorb(context, np.uint64(text[back]))
        before = mix(np.uint64(text[at - 1]), np.uint64(text[at - 2]))
        best, winner = np.float64(np.inf), np.int64(0)
        for choice in range(share.size):
            token = np.int64(finish(mix(before, np.uint64(choice))) % np.uint64(VOCABULARY))
            if keys.shape[0] > 0:
                value = close_state(absorb(context, np.uint64(token)), width + 1)
                uniform = ((value >> np.uint64(11)) + 0.5) * 2.0**-53
            else:
                uniform = np.float64(np.random.random())  # noqa: NPY002 - what numba has
            arrival = -np.log(uniform) / share[choice]
            if arrival < best:
                best, winner = arrival, token
        text[at] = winner
