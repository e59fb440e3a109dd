"""SipHash-1-3: a keyed 64-bit hash of texts, whose collisions nobody can prepare.

Faster hashes of the multiply-and-shift kind have differentials: change these bits of one
word and those of the next, and the hash stays what it was under a good part of all keys.
Whoever may choose an organisation, a client or a prompt could so become somebody else's
double. SipHash is made against that; one round a word and three at the end is the variant
that Rust and Python take for their tables. It is no slower than they from thirty bytes on.
What leaves the house is hashed by SipHash-2-4, the variant that its authors mean for secrets.
"""

from __future__ import annotations

import hashlib
import secrets
from functools import cache

import numba
import numpy as np
import numpy.typing as npt

Key = tuple[np.uint64, np.uint64]
"""128 secret bits."""

_NAME = b"somepseudorandomlygeneratedbytes"
_V0, _V1, _V2, _V3 = (np.uint64(int.from_bytes(_NAME[i : i + 8], "big")) for i in (0, 8, 16, 24))
_FINAL_ROUNDS = 3


def hash_key(secret: bytes) -> Key:
    """Derive a key from a secret of any length.

    Examples:
        >>> hash_key(b"one") == hash_key(b"one"), hash_key(b"one") == hash_key(b"other")
        (True, False)
    """
    digest = hashlib.blake2b(secret, digest_size=16).digest()
    first, second = (np.uint64(int.from_bytes(digest[i : i + 8], "little")) for i in (0, 8))
    return first, second


@cache
def table_key() -> Key:
    """Return a random key that lasts as long as the process, for tables in memory.

    It decides where an entry stands in a table, so that nobody can choose texts that all
    stand in one place. Nothing that is read or written depends on it.

    Examples:
        >>> table_key() == table_key()
        True
    """
    return hash_key(secrets.token_bytes(16))


@numba.njit(cache=True, nogil=True, inline="always")
def _turned(word: np.uint64, bits: np.uint64) -> np.uint64:
    return (word << bits) | (word >> (np.uint64(64) - bits))


@numba.njit(cache=True, nogil=True, inline="always")
def _round(
    v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    v0 += v1
    v2 += v3
    v1 = _turned(v1, np.uint64(13)) ^ v0
    v3 = _turned(v3, np.uint64(16)) ^ v2
    v0 = _turned(v0, np.uint64(32))
    v2 += v1
    v0 += v3
    v1 = _turned(v1, np.uint64(17)) ^ v2
    v3 = _turned(v3, np.uint64(21)) ^ v0
    return v0, v1, _turned(v2, np.uint64(32)), v3


@numba.njit(cache=True, nogil=True, inline="always")
def _word(data: npt.NDArray[np.uint8], at: np.uint64) -> np.uint64:
    """Read eight bytes; written out, so that the machine loads them at once."""
    return (
        np.uint64(data[at])
        | np.uint64(data[at + np.uint64(1)]) << np.uint64(8)
        | np.uint64(data[at + np.uint64(2)]) << np.uint64(16)
        | np.uint64(data[at + np.uint64(3)]) << np.uint64(24)
        | np.uint64(data[at + np.uint64(4)]) << np.uint64(32)
        | np.uint64(data[at + np.uint64(5)]) << np.uint64(40)
        | np.uint64(data[at + np.uint64(6)]) << np.uint64(48)
        | np.uint64(data[at + np.uint64(7)]) << np.uint64(56)
    )


@numba.njit(cache=True, nogil=True)
def siphash(data: npt.NDArray[np.uint8], start: int, end: int, key: Key) -> np.uint64:
    """Hash `data[start:end]`.

    References:
        Aumasson & Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012; reference
        implementation and vectors at github.com/veorq/SipHash.

    Examples:
        >>> text = np.frombuffer(b"..siphash..", np.uint8)
        >>> hex(siphash(text, 2, 9, (np.uint64(0), np.uint64(0))))
        '0x8264ceeccb16bcbe'
    """
    first, second = key
    v0, v1, v2, v3 = first ^ _V0, second ^ _V1, first ^ _V2, second ^ _V3
    # Unsigned positions spare a test for negative ones at every byte.
    position, limit = np.uint64(start), np.uint64(end)
    last = limit - ((limit - position) & np.uint64(7))
    while position < last:
        word = _word(data, position)
        v0, v1, v2, v3 = _round(v0, v1, v2, v3 ^ word)
        v0 ^= word
        position += np.uint64(8)
    word = (limit - np.uint64(start)) << np.uint64(56)
    shift = np.uint64(0)
    while position < limit:
        word |= np.uint64(data[position]) << shift
        shift += np.uint64(8)
        position += np.uint64(1)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3 ^ word)
    v0 ^= word
    v2 ^= np.uint64(0xFF)
    for _ in range(_FINAL_ROUNDS):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


State = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
"""What SipHash-2-4 keeps of the words so far: many hashes may go on from one."""


@numba.njit(cache=True, nogil=True, inline="always")
def open_state(key: Key) -> State:
    """Begin a hash of words."""
    first, second = key
    return first ^ _V0, second ^ _V1, first ^ _V2, second ^ _V3


@numba.njit(cache=True, nogil=True, inline="always")
def absorb(state: State, word: np.uint64) -> State:
    """Go on with one word of eight bytes."""
    v0, v1, v2, v3 = state
    v3 ^= word
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ word, v1, v2, v3


@numba.njit(cache=True, nogil=True, inline="always")
def close_state(state: State, count: int) -> np.uint64:
    """End a hash of so many words, whose length in bytes is its last word."""
    v0, v1, v2, v3 = absorb(state, np.uint64(count) << np.uint64(59))
    v2 ^= np.uint64(0xFF)
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


@numba.njit(cache=True, nogil=True)
def siphash_words(words: npt.NDArray[np.uint64], start: int, count: int, key: Key) -> np.uint64:
    """Hash `words[start:start + count]`, of eight bytes each, by SipHash-2-4.

    Examples:
        >>> words = np.frombuffer(bytes(range(24)), "<u8").astype(np.uint64)
        >>> key = np.uint64(0x0706050403020100), np.uint64(0x0F0E0D0C0B0A0908)
        >>> hex(siphash_words(words, 0, 3, key))
        '0xb8ad50c6f649af94'
    """
    state = open_state(key)
    for position in range(start, start + count):
        state = absorb(state, words[position])
    return close_state(state, count)
