"""Signatures beside objects, opinions, retraction."""

from __future__ import annotations

import hashlib
import importlib
import json
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from phalanx.errors import InputError, VerificationError
from phalanx.share.wire import (
    MemberOpinion,
    aggregate,
    atlas_case,
    bucket_floor,
    content_hash,
    key_id_of,
    member_id,
    revoked,
    schema,
    sign,
    verify,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MEMBER = member_id("member-amber-falcon")
PINNED = {MEMBER: {key_id_of(KEY.public_key()): KEY.public_key()}}
RULE = next(item for item in atlas_case()["objects"] if item["type"] == "indicator")
NOW = datetime(2026, 3, 2, tzinfo=UTC)
SAID = [
    MemberOpinion(member="a", value="agree", modified=NOW),
    MemberOpinion(member="a", value="disagree", modified=NOW + timedelta(days=1)),
    MemberOpinion(member="b", value="neutral", modified=NOW),
    MemberOpinion(member="c", value="strongly-disagree", modified=NOW),
    MemberOpinion(member="d", value="agree", modified=NOW, revoked=True),
]


def test_a_version_is_verified_however_it_is_spelt() -> None:
    """Order and spacing do not matter; the signature is over the canonical form."""
    signature = sign(RULE, MEMBER, KEY)
    verify(json.loads(json.dumps(dict(reversed(RULE.items())), indent=3)), signature, PINNED)
    validator = importlib.import_module("jsonschema").Draft202012Validator
    assert list(validator(schema("signature")).iter_errors(asdict(signature))) == []


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": 91},
        {"modified": "2026-03-01T00:00:00.000Z"},
        {"id": "indicator--7d0c9d3c-2f34-4b6e-9d57-2b8b39b1a001"},
        {"created_by_ref": member_id("another")},
        {"x_added": "later"},
    ],
)
def test_any_change_is_noticed(change: dict[str, Any]) -> None:
    """A version with one property changed, or another author, is not what was signed."""
    with pytest.raises(VerificationError):
        verify({**RULE, **change}, sign(RULE, MEMBER, KEY), PINNED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(name=st.sampled_from([*RULE, "x_more"]), value=JSON)
def test_any_other_value_anywhere_is_noticed(name: str, value: Any) -> None:
    """Whatever stands where something else was signed, the answer is a plain refusal."""
    changed = {**RULE, name: value}
    with pytest.raises((VerificationError, InputError)):
        verify(changed, sign(RULE, MEMBER, KEY), PINNED)


@given(
    name=st.sampled_from(["object_id", "object_version", "member", "key_id", "value", "algorithm"]),
    text=st.text(max_size=100),
)
def test_any_other_signature_is_refused(name: str, text: str) -> None:
    """Whatever a signature says, it holds as it was made or not at all."""
    signature = sign(RULE, MEMBER, KEY)
    assume(getattr(signature, name) != text)
    with pytest.raises(VerificationError):
        verify(RULE, replace(signature, **{name: text}), PINNED)


def test_a_signature_has_one_spelling() -> None:
    """Padding, or other bits where decoding drops them, make another text and no signature."""
    signature = sign(RULE, MEMBER, KEY)
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [signature.value[:-1] + each for each in last if each != signature.value[-1]]
    for value in (*others, signature.value + "==", signature.value + "\n"):
        with pytest.raises(VerificationError):
            verify(RULE, replace(signature, value=value), PINNED)


@given(item=st.dictionaries(st.sampled_from([*RULE, "x"]), JSON))
def test_anything_is_verified_or_refused(item: dict[str, Any]) -> None:
    """Objects that are none do not stop a receiver."""
    with pytest.raises((VerificationError, InputError)):
        verify(item, sign(RULE, MEMBER, KEY), PINNED)


def test_only_pinned_keys_count() -> None:
    """A key that a member does not have, or that another has, verifies nothing."""
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    for signature, pinned in (
        (sign(RULE, MEMBER, other), PINNED),
        (sign(RULE, MEMBER, KEY), {}),
        (replace(sign(RULE, MEMBER, other), key_id=key_id_of(KEY.public_key())), PINNED),
        (replace(sign(RULE, MEMBER, KEY), algorithm="none"), PINNED),
        (replace(sign(RULE, MEMBER, KEY), value="not base64!"), PINNED),
        (sign(RULE, member_id("another"), KEY), {member_id("another"): PINNED[MEMBER]}),
    ):
        with pytest.raises(VerificationError):
            verify(RULE, signature, pinned)


@given(value=st.floats() | st.integers() | st.text() | st.lists(st.integers(), max_size=3))
def test_anything_has_a_canonical_form_or_a_reason(value: Any) -> None:
    """A number that JSON cannot say alike everywhere is refused, never signed."""
    with suppress(InputError):
        assert len(content_hash({"id": "x", "value": value})) == 64


@given(
    item=st.dictionaries(
        st.text(max_size=5),
        st.text() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.booleans(),
    )
)
def test_the_quick_form_is_the_canonical_one(item: dict[str, Any]) -> None:
    """Where `msgspec` serves, it writes what RFC 8785 asks for."""
    with suppress(InputError):
        assert content_hash(item) == hashlib.sha256(rfc8785.dumps(item)).hexdigest()


def test_opinions_in_any_order_come_to_the_same() -> None:
    """The newest opinion of each member counts, once, whatever came first."""
    for order in permutations(SAID):
        summary = aggregate(order)
        assert (summary.verdict, summary.agreeing, summary.disagreeing) == ("NEGATIVE", 0, 2)
        assert summary.is_quarantined
    assert aggregate(SAID[:1] + SAID[3:4]).verdict == "DISPUTED"
    assert aggregate(SAID[2:3]).verdict == "NONE"
    assert not aggregate(SAID, quarantine=3).is_quarantined
    assert aggregate(SAID, author="a").disagreeing == 1


def test_only_its_author_takes_an_object_back_and_once() -> None:
    """A retraction is a later version of the same object, whatever the clock says."""
    last = revoked(RULE, datetime(2020, 1, 1, tzinfo=UTC), MEMBER)
    assert last["revoked"]
    assert last["modified"] > RULE["modified"]
    assert {**last, "modified": RULE["modified"]} == {**RULE, "revoked": True}
    for item, member in ((RULE, "identity--other"), (last, MEMBER), ({"id": "x"}, MEMBER)):
        with pytest.raises(InputError):
            revoked(item, NOW, member)


@given(count=st.integers(1, 10**9))
def test_a_bucket_tells_half_a_decade(count: int) -> None:
    """A count lies in its bucket, which is at most about three times as wide."""
    floor = bucket_floor(count)
    assert floor <= count
    assert count < 3.4 * floor or floor == 300_000_000
    assert bucket_floor(floor) == floor
