"""Hashes of attributes: no prepared doubles, and nothing that depends on the key but the value."""

from __future__ import annotations

from random import Random

import numpy as np
import pyarrow as pa
import pytest

from phalanx.logs.siphash import hash_key
from phalanx.text import derive_seed, hash_strings
from phalanx.text.hashing import disguise

KEYS = [Random(n).randbytes(32) for n in range(50)]


def doubles_of(victim: str) -> list[str]:
    """Flip one bit of a word, and in the next word the two bits that a multiply-xorshift moves."""
    data = victim.encode()
    found = []
    for bit in range(64 * (len(data) // 8 - 1)):
        changed = bytearray(data)
        for other in (bit, bit + 64, bit + 64 - 29):
            changed[other // 8] ^= 1 << other % 8
        if changed.isascii():
            found.append(changed.decode())
    return found


@pytest.mark.parametrize("victim", ["Northwind Research Laboratories", "payment-fingerprint-0001"])
def test_no_bits_of_neighbouring_words_cancel(victim: str) -> None:
    """Names made to cancel in a hash of multiplications and shifts agree under no key."""
    column = pa.array([victim, *doubles_of(victim)])
    assert len(column) > 50
    for key in KEYS:
        hashes = hash_strings(column, derive_seed(key, "attribute"))
        assert np.unique(hashes).size == len(column)


def test_keys_do_not_change_what_agrees() -> None:
    """Keying is a permutation: no two values meet, under any key, and none stays."""
    values = np.random.default_rng(3).integers(0, 2**63, 20_000).astype(np.uint64)
    for key in map(hash_key, KEYS[:3]):
        keyed = np.array([disguise(value, key) for value in values[:2_000]])
        assert np.unique(keyed).size == keyed.size
        assert not np.isin(keyed, values).any()
