"""Commitments: binding, hiding, each key opened alone, verified by anybody."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError, VerificationError
from phalanx.watermark.keys.commitment import (
    Commitment,
    commit,
    open_key,
    read_commitment,
    read_opened_key,
    verify_key,
)
from phalanx.watermark.keys.listing import DerivedKeys
from phalanx.watermark.keys.merkle import is_leaf, path_of, root_of
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.tree import derive_keys, derived_id
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

SETTING = PhalanxGumbel().setting
PLAN, SEED = "ab" * 32, Secret(bytes(range(32)))
LEAVES = [bytes.fromhex(each) for each in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
"""As implementations of Certificate Transparency have them for these leaves."""


def _keys(count: int, root: bytes = bytes(32)) -> DerivedKeys:
    names = tuple(map(str, range(count)))
    keys = derive_keys(Secret(root), names, SETTING)
    return DerivedKeys(
        purpose="audit",
        epoch=1,
        begins=datetime(2026, 1, 1, tzinfo=UTC),
        ends=None,
        scheme=SETTING.name,
        names=names,
        ids=tuple(derived_id(Secret(root), name, SETTING) for name in names),
        keys=keys,
    )


@pytest.mark.parametrize(("count", "root"), ROOTS.items())
def test_the_tree_is_that_of_rfc_6962(count: int, root: str) -> None:
    """Known roots of known leaves; without any, that of nothing."""
    assert root_of(LEAVES[:count]).hex() == root
    assert root_of([]) == hashlib.sha256(b"").digest()


def _by_definition(leaves: list[bytes]) -> bytes:
    """Return the root as the RFC defines it: split at the largest power of two below."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    halves = _by_definition(leaves[:split]) + _by_definition(leaves[split:])
    return hashlib.sha256(b"\1" + halves).digest()


@given(st.integers(1, 70), st.data())
def test_each_leaf_is_shown_at_its_place_only(count: int, data: st.DataObject) -> None:
    """By its path, for trees of every size; nothing else is."""
    leaves = [bytes([each]) for each in range(count)]
    root = root_of(leaves)
    assert root == _by_definition(leaves)
    index = data.draw(st.integers(0, count - 1))
    path = path_of(leaves, index)
    assert is_leaf(root, count, index, leaves[index], path)
    other = data.draw(st.integers(0, count - 1))
    assert is_leaf(root, count, other, leaves[index], path) == (other == index)
    assert not is_leaf(root, count, index, leaves[index] + b"x", path)
    assert not is_leaf(root, count, index, leaves[index], (*path, bytes(32)))
    assert not is_leaf(root, count, count, leaves[index], path)
    if path:
        assert not is_leaf(root, count, index, leaves[index], path[:-1])


def test_there_is_no_path_of_a_leaf_that_is_not_there() -> None:
    """Of none before the first or after the last."""
    for index in (-1, 3):
        with pytest.raises(IndexError):
            path_of([b"a", b"b", b"c"], index)


def test_one_of_thousands_of_keys_is_opened_alone() -> None:
    """Whoever reads the files verifies it; no other key is in them."""
    keys = _keys(3000)
    published = json.dumps(commit(keys, PLAN, SEED).as_json()).encode()
    opened = json.dumps(open_key(keys, PLAN, SEED, 1234).publish()).encode()
    assert len(opened) < 1500
    found = read_opened_key(opened)
    verify_key(read_commitment(published), found)
    assert found.key == list(keys.keys)[1234]
    for index in (0, 1233, 1235, 2999):
        assert list(keys.keys)[index].reveal().hex() not in opened.decode()


@given(st.integers(0, 8), st.sampled_from(["key", "nonce", "index", "path", "key_id", "plan"]))
def test_no_other_key_can_be_shown(index: int, changed: str) -> None:
    """Binding: any change of what is opened, or of what it was committed for, is seen."""
    keys = _keys(9)
    commitment, opened = commit(keys, PLAN, SEED), open_key(keys, PLAN, SEED, index)
    verify_key(commitment, opened)
    other = open_key(keys, PLAN, SEED, (index + 1) % 9)
    changes: dict[str, Any] = {
        "key": {"key": other.key, "key_id": other.key_id},
        "nonce": {"nonce": other.nonce},
        "index": {"index": other.index},
        "path": {"path": other.path},
        "key_id": {"key_id": other.key_id},
        "plan": {},
    }
    published = replace(commitment, plan="cd" * 32) if changed == "plan" else commitment
    with pytest.raises(VerificationError):
        verify_key(published, replace(opened, **changes[changed]))
    with pytest.raises(VerificationError):
        verify_key(replace(commitment, scheme="other"), opened)


def test_a_commitment_tells_nothing_of_a_guess() -> None:
    """Hiding: the same keys under another seed have a root that has nothing to do with it."""
    keys = _keys(4)
    one, other = (commit(keys, PLAN, Secret(bytes([at]) * 32)) for at in (1, 2))
    assert one.root != other.root
    assert (one.keys, one.plan, one.scheme) == (other.keys, other.plan, other.scheme)
    assert commit(keys, PLAN, SEED) == commit(keys, PLAN, SEED)
    assert commit(_keys(4, bytes([1]) * 32), PLAN, SEED).root != commit(keys, PLAN, SEED).root


def test_the_form_never_changes() -> None:
    """A vector of version 1: what was published in a case is verified years later."""
    assert commit(_keys(3), PLAN, SEED) == Commitment(
        root="Zc1Vw1ZYTPoKgs3T87kfwPb-mI-gXa6GFb8uVmeGcYk",
        keys=3,
        scheme="phalanx-gumbel-v1",
        plan=PLAN,
    )


def test_wrong_uses_are_refused() -> None:
    """A short seed, a plan that is none, no such key."""
    keys = _keys(3)
    with pytest.raises(ValueError, match="seed"):
        commit(keys, PLAN, Secret(bytes(31)))
    for plan in ("", "AB" * 32, "zz" * 32):
        with pytest.raises(ValueError, match="plan"):
            commit(keys, plan, SEED)
    with pytest.raises(IndexError):
        open_key(keys, PLAN, SEED, 3)
    assert "Secret(32 bytes)" in repr(open_key(keys, PLAN, SEED, 0))


@given(
    st.one_of(
        st.binary(max_size=80),
        st.dictionaries(
            st.sampled_from(["root", "keys", "scheme", "plan", "index", "key_id", "key", "nonce",
                             "path"]),
            st.none() | st.integers() | st.text(max_size=70) | st.lists(st.integers(), max_size=2),
        ).flatmap(
            lambda said: st.sampled_from(["phalanx.key-commitment/1", "phalanx.opened-key/1"]).map(
                lambda schema: json.dumps(said | {"schema": schema}).encode()
            )
        ),
    )
)  # fmt: skip
def test_any_file_is_refused_in_words(content: bytes) -> None:
    """Whoever verifies may be handed anything."""
    for read in (read_commitment, read_opened_key):
        with suppress(InputError):
            read(content)
    with pytest.raises(InputError):
        read_commitment(b" " * 70_000)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("keys", 1e999), ("keys", True), ("keys", 2.0), ("keys", 0), ("keys", 2**25),
        ("scheme", "\ud800"), ("scheme", "a\x1b[2J"), ("plan", "AB" * 32), ("plan", None),
        ("root", "\ud800"), ("root", 1),
    ],
)  # fmt: skip
def test_a_commitment_from_outside_is_checked(field: str, value: object) -> None:
    """Numbers that are none, texts that steer a terminal or cannot be written down."""
    said = commit(_keys(3), PLAN, SEED).as_json() | {field: value}
    with pytest.raises(InputError):
        read_commitment(json.dumps(said).encode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("index", 1e999), ("index", False), ("key_id", "\xe9"), ("key_id", "wmk_\ud800"),
        ("key", "00" * 2000), ("key", ""), ("nonce", "00"), ("path", [1]), ("path", None),
    ],
)  # fmt: skip
def test_an_opened_key_from_outside_is_checked(field: str, value: object) -> None:
    """As above."""
    said = open_key(_keys(3), PLAN, SEED, 0).publish() | {field: value}
    with pytest.raises(InputError):
        read_opened_key(json.dumps(said).encode())
