"""Merkle trees of RFC 6962: roots, and proofs that a leaf is in a tree or that a tree has grown.

Proofs are made from the hashes of whole subtrees, whoever keeps them, and verified by themselves.

References:
    RFC 6962, section 2.1 (hashes and proofs); RFC 9162, sections 2.1.3.2 and 2.1.4.2
    (verification).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()
"""Root of a tree without leaves."""

MOST_PROOF_HASHES = 64
"""Of a tree of up to 2^63 leaves, and one more for a proof of consistency."""

Subtree = Callable[[int, int], bytes]
"""(level, index) -> hash of the full subtree of 2^level leaves that begins at index * 2^level."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf.

    Examples:
        >>> leaf_hash(b"").hex()[:16]
        '6e340b9cffb37a98'
    """
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


def in_memory(leaves: Sequence[bytes]) -> Subtree:
    """Return the subtrees of leaves that are held in memory.

    Parameters:
        leaves: Their hashes.
    """

    def subtree(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return node_hash(subtree(level - 1, 2 * index), subtree(level - 1, 2 * index + 1))

    return subtree


def root_of(subtree: Subtree, size: int) -> bytes:
    r"""Return the root of the first leaves.

    Parameters:
        subtree: Of the tree.
        size: Leaves.

    Examples:
        >>> root_of(in_memory([leaf_hash(b""), leaf_hash(b"\0")]), 2).hex()[:16]
        'fac54203e7cc696c'
    """
    return _range_hash(subtree, 0, size) if size else EMPTY_ROOT


def inclusion_path(subtree: Subtree, index: int, size: int) -> tuple[bytes, ...]:
    """Return the proof that a leaf is in a tree: from its sibling up to a child of the root.

    Parameters:
        subtree: Of the tree.
        index: Of the leaf, in [0, size).
        size: Leaves of the tree.

    Raises:
        ValueError: If there is no such leaf.
    """
    if not 0 <= index < size:
        message = f"a tree of {size} leaves has no leaf {index}"
        raise ValueError(message)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if index < middle:
            path.append(_range_hash(subtree, middle, end))
            end = middle
        else:
            path.append(_range_hash(subtree, start, middle))
            start = middle
    return tuple(reversed(path))


def consistency_path(subtree: Subtree, old: int, new: int) -> tuple[bytes, ...]:
    """Return the proof that a tree is the beginning of a larger one.

    Parameters:
        subtree: Of the larger tree.
        old: Leaves of the smaller tree, in [0, new].
        new: Leaves of the larger one.

    Raises:
        ValueError: If the smaller one is larger.
    """
    if not 0 <= old <= new:
        message = f"a tree of {new} leaves does not begin with {old}"
        raise ValueError(message)
    path: list[bytes] = []
    if old in {0, new}:
        return ()
    start, end, is_whole = 0, new, True
    while old != end:
        middle = start + _largest_power_below(end - start)
        if old <= middle:
            path.append(_range_hash(subtree, middle, end))
            end = middle
        else:
            path.append(_range_hash(subtree, start, middle))
            start, is_whole = middle, False
    if not is_whole:
        path.append(_range_hash(subtree, start, end))
    return tuple(reversed(path))


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether a proof shows that a leaf is in a tree.

    Parameters:
        leaf: Its hash.
        index: Of the leaf.
        size: Leaves of the tree.
        path: The proof.
        root: Of the tree.
    """
    if not 0 <= index < size or not _is_path(path):
        return False
    at, last, found = index, size - 1, leaf
    for each in path:
        if last == 0:
            return False
        if at % 2 or at == last:
            found = node_hash(each, found)
            while not at % 2 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, each)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(  # noqa: C901 - each case of the standard
    old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Tell whether a proof shows that a tree is the beginning of another.

    Parameters:
        old: Leaves of the smaller tree.
        old_root: Its root.
        new: Leaves of the larger tree.
        new_root: Its root.
        path: The proof.
    """
    if not 0 <= old <= new or not _is_path(path):
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    if not path:
        return False
    hashes = list(path)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    at, last = old - 1, new - 1
    while at % 2:
        at, last = at >> 1, last >> 1
    of_old = of_new = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            return False
        if at % 2 or at == last:
            of_old, of_new = node_hash(each, of_old), node_hash(each, of_new)
            while not at % 2 and at:
                at, last = at >> 1, last >> 1
        else:
            of_new = node_hash(of_new, each)
        at, last = at >> 1, last >> 1
    return last == 0 and of_old == old_root and of_new == new_root


def _range_hash(subtree: Subtree, start: int, end: int) -> bytes:
    """Return the hash of leaves [start, end), where start is a multiple of what they fill."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return subtree(level, start >> level)
    middle = start + _largest_power_below(size)
    return node_hash(_range_hash(subtree, start, middle), _range_hash(subtree, middle, end))


def _largest_power_below(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def _is_path(path: Sequence[bytes]) -> bool:
    return len(path) <= MOST_PROOF_HASHES and all(len(each) == HASH_BYTES for each in path)
