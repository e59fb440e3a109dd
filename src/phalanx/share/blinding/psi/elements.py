"""Items as elements of the group, under a key, in an order that says nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from itertools import chain

from phalanx.share.blinding.group import multiply, multiply_each
from phalanx.share.blinding.hashing import hash_to_group
from phalanx.share.blinding.psi.frames import LARGEST_SET, WIDTHS, Part

_DOMAIN = b"PhalanxPSI1-ristretto255-SHA512"
_DIGEST = b"Phalanx PSI 1 digest"
_ENTRIES_OF_A_TASK = 2048
_SMALLEST_STEP = 1024


def hidden_items(key: bytes, items: Sequence[bytes], pool: Executor | None) -> list[bytes]:
    """Return H(item) x key for each item.

    Parameters:
        key: A scalar that is random, not zero, and used in this session only.
        items: Of one party.
        pool: Threads that share the work; libsodium lets them run side by side.
    """

    def work(part: Sequence[bytes]) -> list[bytes]:
        return [multiply(key, hash_to_group(item, _DOMAIN)) for item in part]

    return _shared_out(work, items, pool)


def hidden_elements(key: bytes, elements: Sequence[bytes], pool: Executor | None) -> list[bytes]:
    """Return element x key for each element.

    Raises:
        InputError: If one is no element, or the identity.
    """
    return _shared_out(lambda part: multiply_each(key, part), elements, pool)


def digests(session: bytes, elements: Iterable[bytes]) -> list[bytes]:
    """Shorten elements, so that less is sent and nothing can be computed with them."""
    state = hashlib.sha256(_DIGEST + session)
    short = []
    for element in elements:
        each = state.copy()
        each.update(element)
        short.append(each.digest()[: WIDTHS[Part.OWN]])
    return short


def filled_size(size: int) -> int:
    """Return the size to which a set is filled up: only about four in a doubling are told apart.

    Parameters:
        size: Of the set, at least zero.

    Raises:
        ValueError: If the set is larger than may be.

    Examples:
        >>> [filled_size(n) for n in (0, 3, 1024, 10_000, 100_000, 1_000_000)]
        [1024, 1024, 1024, 10240, 114688, 1048576]
    """
    step = max(_SMALLEST_STEP, 1 << max(0, size.bit_length() - 3))
    filled = max(step, -(-size // step) * step)
    if filled > LARGEST_SET:
        message = f"a set has at most {LARGEST_SET:,} items"
        raise ValueError(message)
    return filled


def _shared_out(
    work: Callable[[Sequence[bytes]], list[bytes]],
    entries: Sequence[bytes],
    pool: Executor | None,
) -> list[bytes]:
    if pool is None:
        return work(entries)
    parts = [
        entries[start : start + _ENTRIES_OF_A_TASK]
        for start in range(0, len(entries), _ENTRIES_OF_A_TASK)
    ]
    return list(chain.from_iterable(pool.map(work, parts)))
