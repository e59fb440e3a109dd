"""SipHash: published values, Python's own, and random differences that do not cancel."""

from __future__ import annotations

import subprocess
import sys

import numba
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.logs.siphash import Key, siphash

ZERO = (np.uint64(0), np.uint64(0))


def hashed(content: bytes, key: Key = ZERO) -> int:
    """Hash bytes that stand alone."""
    return int(siphash(np.frombuffer(content + b"\0", np.uint8), 0, len(content), key))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", 0xD1FBA762150C532C),
        (b"siphash", 0x8264CEECCB16BCBE),
        (b"digest-sip_hash", 0xCE31007E34130C0A),
    ],
)
def test_published_values(content: bytes, expected: int) -> None:
    """Values that other implementations give under the key of zeros."""
    assert hashed(content) == expected


@pytest.mark.skipif(sys.hash_info.algorithm != "siphash13", reason="Python hashes otherwise")
def test_agrees_with_python() -> None:
    """Python hashes its texts by the same function; without a seed its key is zero."""
    contents = [bytes(range(length)) for length in range(1, 70)]
    program = f"print([hash(c) % 2**64 for c in {contents!r}])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str([hashed(content) for content in contents])


@settings(max_examples=150)
@given(st.binary(max_size=80), st.sampled_from([b"\0", b'"', b"\x81"]))
def test_sees_its_range_and_nothing_else(content: bytes, padding: bytes) -> None:
    """What stands before and after a text does not change its hash."""
    data = np.frombuffer(padding * 9 + content + padding * 9, np.uint8)
    assert siphash(data, 9, 9 + len(content), ZERO) == hashed(content)


@numba.njit(nogil=True)
def _collisions(
    texts: npt.NDArray[np.uint8], others: npt.NDArray[np.uint8], keys: npt.NDArray[np.uint64]
) -> int:
    found = 0
    for row in range(len(texts)):
        key = (keys[row, 0], keys[row, 1])
        size = texts.shape[1]
        found += siphash(texts[row], 0, size, key) == siphash(others[row], 0, size, key)
    return found


@pytest.mark.parametrize("bits", [1, 2, 3, 6])
def test_sparse_differences_do_not_cancel(bits: int) -> None:
    """Of 100,000 pairs that differ in a few bits of two neighbouring words, none agrees."""
    random = np.random.default_rng(bits)
    texts = random.integers(0, 256, (100_000, 31)).astype(np.uint8)
    others = texts.copy()
    rows = np.arange(len(texts))
    word = random.integers(0, 3, len(texts))
    for _ in range(bits):
        bit = word * 64 + random.integers(0, 120, len(texts))
        others[rows, np.minimum(bit // 8, 30)] ^= (1 << (bit % 8)).astype(np.uint8)
    different = (texts != others).any(axis=1)
    keys = random.integers(0, 2**64, (len(texts), 2), dtype=np.uint64)
    assert different.mean() > 0.9
    assert _collisions(texts[different], others[different], keys[different]) == 0
