"""A tree of hashes over many leaves, so that one can be shown to be among them, alone.

The tree of RFC 6962: leaves and inner nodes are hashed under different first bytes, so that
neither passes for the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

_LEAF, _NODE = b"\x00", b"\x01"
EMPTY = hashlib.sha256(b"").digest()
"""Root of a tree without leaves."""


def root_of(leaves: Sequence[bytes]) -> bytes:
    r"""Return the root over leaves: 32 bytes.

    Examples:
        >>> root_of([b"", b"\x00"]).hex()[:16]
        'fac54203e7cc696c'
    """
    return _above([_leaf(leaf) for leaf in leaves])


def path_of(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return what shows that a leaf is in the tree: the hashes beside its way up, lowest first.

    Raises:
        IndexError: If there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        message = f"there is no leaf {index} among {len(leaves)}"
        raise IndexError(message)
    level, path = [_leaf(leaf) for leaf in leaves], []
    while len(level) > 1:
        if (beside := index ^ 1) < len(level):
            path.append(level[beside])
        level, index = _next(level), index // 2
    return tuple(path)


def is_leaf(root: bytes, count: int, index: int, leaf: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether a leaf stands at a place of the tree with this root and so many leaves.

    Parameters:
        root: Of the tree.
        count: Leaves of the tree.
        index: Place of the leaf, from 0.
        leaf: Its bytes.
        path: As `path_of` gives it.

    Examples:
        >>> leaves = [b"a", b"b", b"c"]
        >>> is_leaf(root_of(leaves), 3, 2, b"c", path_of(leaves, 2))
        True
        >>> is_leaf(root_of(leaves), 3, 1, b"c", path_of(leaves, 2))
        False
    """
    if not 0 <= index < count:
        return False
    value, left, width = _leaf(leaf), list(path), count
    while width > 1:
        if index ^ 1 < width:
            if not left:
                return False
            beside = left.pop(0)
            value = _node(value, beside) if index % 2 == 0 else _node(beside, value)
        index, width = index // 2, (width + 1) // 2
    return value == root and not left


def _above(level: list[bytes]) -> bytes:
    while len(level) > 1:
        level = _next(level)
    return level[0] if level else EMPTY


def _next(level: list[bytes]) -> list[bytes]:
    """Hash pairs; one that is left over goes up as it is, which gives the tree of the RFC."""
    paired = [_node(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
    return paired + level[len(level) - len(level) % 2 :]


def _leaf(leaf: bytes) -> bytes:
    return hashlib.sha256(_LEAF + leaf).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()
