"""The memory of accounts: arrays with a row for each, 200 bytes a row, and a table that finds it.

An account is known by 128 bits of a keyed hash of its identifier: whoever reads the memory, or a
snapshot of it, learns no name without the key. Groups have a table of their own, laid out alike.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

import numpy as np
import numpy.typing as npt

from phalanx.prevent.facts import RATES

REGISTERS = 128
"""Of the sketch of contents; each is one byte."""

_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0
_HORIZON_SECONDS = {"minute": _MINUTE, "hour": _HOUR, "day": _DAY, "month": 30 * _DAY}

COUNTERS = tuple(RATES)
"""What is counted of each account, in the order of its facts."""

HORIZON_US = np.array(
    [_HORIZON_SECONDS.get(name.rpartition("_per_")[2], math.inf) * 1e6 for name in COUNTERS]
)
"""Microseconds after which a counter has faded to 1/e; infinite for what never fades.

A steady sender of `r` a second ends up at `r` times the horizon, which is what he sends in it.
"""

REQUESTS = tuple(n for n, name in enumerate(COUNTERS) if name.startswith("requests_"))
TOKENS = tuple(n for n, name in enumerate(COUNTERS) if name.startswith("output_tokens_"))
VALUE = tuple(n for n, name in enumerate(COUNTERS) if name.startswith("value_"))
NEW_CONTENTS = COUNTERS.index("new_contents_per_day")
DISTINCT_CONTENTS = COUNTERS.index("distinct_contents")
CONTINUATIONS = COUNTERS.index("continuations_per_day")
TEMPLATE_MATCHES = COUNTERS.index("template_matches_per_day")

USED, RANDOM, EVICTED, EVICTED_LATELY = 0, 1, 2, 3
"""Places in `Accounts.tally`."""

_HALVES = Struct("<QQ")

Table = tuple[npt.NDArray[np.generic], ...]
"""The arrays of `Accounts`, as kernels take them."""

Identity = tuple[int, int]
"""128 bits that stand for an account or a group."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """A table of accounts, or of groups. What is in the arrays changes; the arrays stay."""

    identity: npt.NDArray[np.uint64]
    """Shape (capacity, 2)."""

    seen_us: npt.NDArray[np.int64]
    """When a row was last brought up to date, by the clock of the state."""

    counters: npt.NDArray[np.float32]
    """As of then, shape (capacity, `len(COUNTERS)`)."""

    registers: npt.NDArray[np.uint8]
    """Sketches of contents, shape (capacity, REGISTERS)."""

    index: npt.NDArray[np.int32]
    """Row of an identity, by open addressing; -1 where there is none. A power of two."""

    tally: npt.NDArray[np.int64]
    """Rows in use, what chooses rows at random, rows that were given up, and how many of them had
    been seen within the last hour."""

    evicted_value: npt.NDArray[np.float64]
    """Information value of the last month that was forgotten with those rows, shape (1,)."""

    @property
    def capacity(self) -> int:
        """Return how many rows there are."""
        return int(self.seen_us.size)

    @property
    def table(self) -> Table:
        """Return the arrays together."""
        return (
            self.identity, self.seen_us, self.counters, self.registers, self.index, self.tally,
            self.evicted_value,
        )  # fmt: skip

    @property
    def bytes_per_account(self) -> float:
        """Return the memory of the arrays, divided by the rows."""
        arrays = (self.identity, self.seen_us, self.counters, self.registers, self.index)
        return sum(array.nbytes for array in arrays) / self.capacity


def empty_accounts(capacity: int, seed: int) -> Accounts:
    """Return a table that knows nobody.

    Parameters:
        capacity: Rows, from 16 to 2^30. Memory is taken as rows are used.
        seed: Of the choice of rows that are given up when the table is full.

    Raises:
        ValueError: If there are too few rows, or too many.

    Examples:
        >>> round(empty_accounts(1 << 20, seed=1).bytes_per_account)
        208
    """
    if not 16 <= capacity <= 1 << 30:
        message = "a table has 16 to 2^30 rows"
        raise ValueError(message)
    tally = np.zeros(4, dtype=np.int64)
    tally[RANDOM] = seed & 0x7FFFFFFFFFFFFFFF
    return Accounts(
        np.zeros((capacity, 2), dtype=np.uint64),
        np.zeros(capacity, dtype=np.int64),
        np.zeros((capacity, len(COUNTERS)), dtype=np.float32),
        np.zeros((capacity, REGISTERS), dtype=np.uint8),
        np.full(1 << (2 * capacity - 1).bit_length(), -1, dtype=np.int32),
        tally,
        np.zeros(1),
    )


def identity_of(name: str, key: bytes) -> Identity:
    """Return what stands for an account or a group.

    Parameters:
        name: Its identifier.
        key: Secret of the deployment, 16 to 64 bytes.

    Examples:
        >>> identity_of("acct_1", bytes(32)) == identity_of("acct_1", b"k" * 32)
        False
    """
    keyed = _keyed(key).copy()
    keyed.update(name.encode("utf-8", "surrogatepass"))
    first, second = _HALVES.unpack(keyed.digest())
    return first, second


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> hashlib.blake2b:
    """Return a hash that has taken in the key, to be copied."""
    return hashlib.blake2b(digest_size=16, key=key, person=b"phalanx account")
