"""Counter-based randomness: every choice is a hash of who chooses and what is chosen.

A choice does not depend on the order in which rows are rendered, so the same turn of a
conversation can be written again wherever it is quoted.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Seeds = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def key_of(*parts: object) -> np.uint64:
    """Return a 64-bit key that depends on all `parts`, the same on every machine."""
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def mix(seeds: Seeds, key: np.uint64) -> Seeds:
    """Return independent 64-bit hashes of `seeds` under `key` (the SplitMix64 finaliser)."""
    with np.errstate(over="ignore"):
        value = (seeds ^ key) + _STEP
        value = (value ^ (value >> np.uint64(30))) * _FIRST
        value = (value ^ (value >> np.uint64(27))) * _SECOND
        return np.asarray(value ^ (value >> np.uint64(31)), dtype=np.uint64)


def pick(seeds: Seeds, key: np.uint64, size: int) -> NDArray[np.int64]:
    """Return one index in [0, size) for each seed.

    Examples:
        >>> chosen = pick(np.arange(1000, dtype=np.uint64), key_of("slot"), 7)
        >>> int(chosen.min()), int(chosen.max())
        (0, 6)
    """
    high = mix(seeds, key) >> np.uint64(32)
    return ((high * np.uint64(size)) >> np.uint64(32)).astype(np.int64)


def unit(seeds: Seeds, key: np.uint64) -> NDArray[np.float64]:
    """Return one number in [0, 1) for each seed."""
    return (mix(seeds, key) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def combine(first: Seeds, second: Seeds) -> Seeds:
    """Return seeds that depend on both arrays, element by element."""
    return mix(mix(first, _FIRST) ^ second, _SECOND)
