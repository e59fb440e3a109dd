"""Merkle trees as RFC 6962 has them, and proofs that hold for what they prove and nothing else."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.transparency.merkle import (
    EMPTY_ROOT,
    consistency_path,
    in_memory,
    inclusion_path,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
    root_of,
)

# The leaves and roots with which logs of Certificate Transparency have been tested since RFC 6962.
ENTRIES = [
    bytes.fromhex(each)
    for each in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(each) for each in ENTRIES]
TREE = in_memory(LEAVES)


def test_known_roots() -> None:
    """Trees of none to eight leaves have the roots that are known."""
    assert [root_of(TREE, size).hex() for size in range(9)] == ROOTS


def test_known_proofs() -> None:
    """Proofs are those that the example of the standard draws (section 2.1.3)."""
    a, b, c, d, e, f, j = LEAVES[:7]
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, left = i, node_hash(g, h)
    assert inclusion_path(TREE, 0, 7) == (b, h, node_hash(k, j))
    assert inclusion_path(TREE, 3, 7) == (c, g, node_hash(k, j))
    assert inclusion_path(TREE, 4, 7) == (f, j, left)
    assert inclusion_path(TREE, 6, 7) == (i, left)
    assert consistency_path(TREE, 3, 7) == (c, d, g, node_hash(k, j))
    assert consistency_path(TREE, 4, 7) == (node_hash(k, j),)
    assert consistency_path(TREE, 6, 7) == (i, j, left)


def _tree(size: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(size)]


@given(st.integers(1, 300), st.data())
def test_each_leaf_is_proved_and_no_other(size: int, data: st.DataObject) -> None:
    """A proof holds for its leaf, place, size and root; with any of them changed it does not."""
    index = data.draw(st.integers(0, size - 1))
    leaves = _tree(size)
    subtree = in_memory(leaves)
    path, root = inclusion_path(subtree, index, size), root_of(subtree, size)
    assert is_included(leaves[index], index, size, path, root)
    other = hashlib.sha256(b"other").digest()
    assert not is_included(other, index, size, path, root)
    assert not is_included(leaves[index], index, size, path, other)
    assert not is_included(leaves[index], index, size, (*path, other), root)
    assert not is_included(leaves[index], size, size, path, root)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        changed = [*path[:at], other, *path[at + 1 :]]
        assert not is_included(leaves[index], index, size, changed, root)
        assert not is_included(leaves[index], index, size, path[:-1], root)


@given(st.integers(0, 300), st.integers(0, 300), st.data())
def test_each_growth_is_proved_and_no_other(one: int, other: int, data: st.DataObject) -> None:
    """A proof holds between two sizes of one tree; a tree with another past has none."""
    old, new = sorted((one, other))
    subtree = in_memory(_tree(new))
    path = consistency_path(subtree, old, new)
    old_root, new_root = root_of(subtree, old), root_of(subtree, new)
    assert is_consistent(old, old_root, new, new_root, path)
    wrong = hashlib.sha256(b"other").digest()
    assert not is_consistent(old, wrong, new, new_root, path)
    if old:
        assert not is_consistent(old, old_root, new, wrong, path)
        assert not is_consistent(old, old_root, new, new_root, (*path, wrong))
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        changed = [*path[:at], wrong, *path[at + 1 :]]
        assert not is_consistent(old, old_root, new, new_root, changed)


def test_what_cannot_be_proved() -> None:
    """There is no proof of a leaf that is not there, and none of a tree that shrinks."""
    with pytest.raises(ValueError, match="no leaf 8"):
        inclusion_path(TREE, 8, 8)
    with pytest.raises(ValueError, match="does not begin"):
        consistency_path(TREE, 8, 7)
    assert not is_consistent(8, bytes.fromhex(ROOTS[8]), 7, bytes.fromhex(ROOTS[7]), ())
    assert not is_included(LEAVES[0], 0, 1, (b"short",), LEAVES[0])
    assert root_of(TREE, 0) == EMPTY_ROOT
