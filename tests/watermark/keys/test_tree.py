"""The tree of keys: fixed values, nothing shared between branches, any length."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.watermark.keys.framing import framed
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.tree import (
    PURPOSES,
    derive_key,
    derive_keys,
    derived_id,
    epoch_root,
    first_chain,
    next_chain,
    purpose_root,
    root_id,
)
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

KNOWN: dict[str, Any] = {
    "chain": "d81fa847b62b3252e217b532eb63f519818b0726d6bd6955e2d84c2e4a630ea0",
    "second": "955ddb3ba6fd001d43c456e2eaa7e1facfc92ca4ff5790bb0481a1a690e2bd1a",
    "id": "wmk_e7db5b6b7c1de3439b2ed80079b04549",
    "keys": {
        "serve": "2bb3f484e34bd7489f1483ebc1b6a52a822bb02c49c6e6af30639216bc57aaec",
        "audit": "e460d3058ca05d7aa12b6000b02b5076495a33d120b7d32f70647677669df84e",
        "decoy": "647b84348d159923b10eccfa50f3b32f70214d5916a3ac7b147631c92e2e00bb",
        "campaign": "a7b60e80ef103b65dd49ede56cb3fe53c84ddf131dd6d5d357fcc32e710c6cd8",
        "account": "0be54d41409dda35d1a8c5c5d55fd000991e45ebc9bbd4e5acaedd0435afda61",
    },
}

SETTING = PhalanxGumbel().setting
ROOT = Secret(bytes(range(32)))
FIELDS = st.lists(st.one_of(st.binary(max_size=9), st.integers(0, 2**64 - 1)), max_size=5)
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


def _expand(above: bytes, *labels: str | int, length: int = 32) -> bytes:
    """Return what RFC 5869 says, written out with the standard library."""
    info = framed("phalanx watermark keys v1", *labels, length)
    value, block, count = b"", b"", 1
    while len(value) < length:
        block = hmac.digest(above, block + info + bytes([count]), hashlib.sha256)
        value, count = value + block, count + 1
    return value[:length]


def test_the_path_to_a_key_is_what_the_standard_says() -> None:
    """Each step, computed again by HKDF written out."""
    chain = _expand(ROOT.reveal(), "provider", "example.com")
    epoch = _expand(chain, "epoch", 1)
    purpose = _expand(epoch, "purpose", "account")
    key = _expand(purpose, "key", "phalanx-gumbel-v1", "acct_1")
    ours = first_chain(ROOT, "example.com")
    assert ours == Secret(chain)
    assert epoch_root(ours, 1) == Secret(epoch)
    assert derive_key(purpose_root(Secret(epoch), "account"), "acct_1", SETTING) == Secret(key)


def test_the_next_chain_is_what_the_standard_says() -> None:
    """Extraction with the fresh bytes as salt, then expansion."""
    fresh = bytes(range(100, 132))
    extracted = hmac.digest(fresh, ROOT.reveal(), hashlib.sha256)
    info = framed("phalanx watermark keys v1", "ratchet")
    expanded = hmac.digest(extracted, info + b"\1", hashlib.sha256)
    assert next_chain(ROOT, Secret(fresh)) == Secret(expanded)


def test_values_never_change() -> None:
    """Vectors of version 1: texts that were marked stay readable."""
    chain = first_chain(ROOT, "example.com")
    second = next_chain(chain, Secret(bytes(32)))
    assert chain.reveal().hex() == KNOWN["chain"]
    assert second.reveal().hex() == KNOWN["second"]
    found = {
        purpose: derive_key(purpose_root(epoch_root(chain, 1), purpose), "0", SETTING)
        for purpose in PURPOSES
    }
    assert {name: key.reveal().hex() for name, key in found.items()} == KNOWN["keys"]
    assert root_id(found["serve"]) == KNOWN["id"]


def test_no_two_places_of_the_tree_have_one_key() -> None:
    """Provider, epoch, purpose, name, scheme: each alone changes the key."""
    keys = set()
    for provider in ("a.com", "b.com"):
        for epoch in (1, 2):
            above = epoch_root(first_chain(ROOT, provider), epoch)
            for purpose in PURPOSES:
                for setting in (SETTING, PhalanxGumbel(2).setting):
                    for name in ("1", "2"):
                        key = derive_key(purpose_root(above, purpose), name, setting)
                        keys.add(key.reveal())
    assert len(keys) == 2 * 2 * 5 * 2 * 2


@given(st.integers(1, 1024), st.integers(1, 1024))
def test_a_longer_key_is_another_key(one: int, other: int) -> None:
    """Not the shorter one with bytes added: who learns one learns nothing of the other."""
    first, second = (
        derive_key(ROOT, "x", replace(SETTING, key_bytes=size)).reveal() for size in (one, other)
    )
    assert (len(first), len(second)) == (one, other)
    shared = min(one, other)
    if one != other and shared >= 8:
        assert first[:shared] != second[:shared]


@given(NAMES, NAMES)
def test_different_names_have_different_keys(one: str, other: str) -> None:
    """And equal names equal keys."""
    same = derive_key(ROOT, one, SETTING) == derive_key(ROOT, other, SETTING)
    assert same == (one == other)


@given(FIELDS, FIELDS)
def test_fields_are_told_apart(one: list[bytes | int], other: list[bytes | int]) -> None:
    """Two lists of fields with the same bytes are the same list, numbers being eight bytes."""
    plain = [
        [each.to_bytes(8, "big") if isinstance(each, int) else each for each in fields]
        for fields in (one, other)
    ]
    assert (framed(*one) == framed(*other)) == (plain[0] == plain[1])


@pytest.mark.parametrize("name", ["", "a b", "é", "x" * 201, "a\n"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    """So that a name is one however it is written."""
    with pytest.raises(InputError):
        derive_key(ROOT, name, SETTING)


@pytest.mark.parametrize("provider", ["", "Example.com", "a b", "-a", "a" * 101])
def test_a_provider_that_is_none_is_refused(provider: str) -> None:
    """As above."""
    with pytest.raises(InputError):
        first_chain(ROOT, provider)


def test_wrong_uses_are_refused() -> None:
    """A root of another length, a purpose or a length of key that does not exist."""
    with pytest.raises(ValueError, match="32 bytes"):
        epoch_root(Secret(bytes(31)), 1)
    with pytest.raises(InputError):
        purpose_root(ROOT, "other")  # type: ignore[arg-type]
    with pytest.raises(InputError):
        derive_key(ROOT, "x", replace(SETTING, key_bytes=1025))


def test_many_keys_are_those_of_each() -> None:
    """In their order, as detectors take them."""
    keys = derive_keys(ROOT, ["b", "a"], SETTING)
    assert keys.reveal().tolist() == [
        list(derive_key(ROOT, name, SETTING).reveal()) for name in ("b", "a")
    ]
    with pytest.raises(ValueError, match="one at least"):
        derive_keys(ROOT, [], SETTING)


def test_an_id_is_no_hash_of_a_key() -> None:
    """A key of seven bytes could be found from one by trying; roots are too long for that."""
    short = replace(SETTING, key_bytes=7)
    key = derive_key(ROOT, "a", short).reveal()
    for tried in (key, key.rjust(8, b"\0"), key.hex().encode()):
        for info in (framed("phalanx watermark keys v1", "id"), b""):
            assert hmac.digest(tried, info, hashlib.sha256).hex()[:32] not in derived_id(
                ROOT, "a", short
            )
    ids = {
        derived_id(above, name, setting)
        for above in (ROOT, purpose_root(ROOT, "serve"))
        for name in ("a", "b")
        for setting in (SETTING, PhalanxGumbel(2).setting)
    }
    assert len(ids) == 8
    with pytest.raises(ValueError, match="32 bytes"):
        root_id(Secret(key))
    with pytest.raises(InputError):
        derived_id(ROOT, "a b", SETTING)
