"""A sealed file opens to its own key only, whole only, and never fails in another way."""

from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.errors import ConfigError, VerificationError
from phalanx.watermark.keys.sealed_file import MAGIC, opens, read_sealed, seal, unseal
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.stretching import Cost, Stretching, refuse_weak

KEY, OTHER = Secret(bytes(32)), Secret(bytes([1]) * 32)
STRETCHING = Stretching(cost=Cost(memory_kib=19 * 1024, passes=1, lanes=1), salt=bytes(16))

KNOWN = (
    "5048585345414c31000001037b22636865636b223a224b4750674e3451585378633842307a47374e6357"
    "524c346e6c54776833566d38546558564f494f6f4a7738222c2267656e65726174696f6e223a332c226b"
    "65795f66696c65223a747275652c226b696e64223a227468696e67222c2273616c74223a224141454341"
    "7751464267634943516f4c4441304f4478415245684d554652595847426b6147787764486838222c2273"
    "747265746368696e67223a7b226c616e6573223a312c226d656d6f72795f6b6962223a31393435362c22"
    "6e616d65223a226172676f6e326964222c22706173736573223a312c2273616c74223a22414141414141"
    "41414141414141414141414141414141227d7d7a1e62efb30f88c5e384f640c4b6a42d6aa0159117f0d1"
    "c2b31991091ae5"
)
STRETCHED = "3ae8e435a001345bcebc173d22b5834139959ec52eae98de697dfcecd2d79228"


def _sealed(content: bytes = b"what is inside", stretching: Stretching | None = None) -> bytes:
    return seal(
        Secret(content),
        KEY,
        kind="thing",
        generation=3,
        stretching=stretching,
        key_file=True,
        salt=bytes(range(32)),
    )


def _opened(raw: bytes, key: Secret = KEY) -> bytes:
    return unseal(read_sealed(raw, "a file", "thing"), key, "a file").reveal()


def test_the_form_never_changes() -> None:
    """A vector of version 1: a vault of today opens tomorrow."""
    raw = _sealed(stretching=STRETCHING)
    assert raw.hex() == KNOWN
    assert _opened(raw) == b"what is inside"


@given(st.binary(min_size=1, max_size=300))
def test_what_was_sealed_comes_out(content: bytes) -> None:
    """With the key that sealed it, and nothing with another."""
    raw = _sealed(content)
    assert _opened(raw) == content
    # A header holds zeros and a name, so that only a content of its own can be looked for.
    assert content not in raw or len(set(content)) < 8
    sealed = read_sealed(raw, "a file", "thing")
    assert (opens(sealed, KEY), opens(sealed, OTHER)) == (True, False)
    with pytest.raises(ConfigError, match="not the passphrase or key file"):
        _opened(raw, OTHER)


@given(st.data())
def test_no_bit_can_be_changed(data: st.DataObject) -> None:
    """Anywhere in the file: it is said so, and nothing comes out."""
    raw = bytearray(_sealed(stretching=STRETCHING))
    place = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[place // 8] ^= 1 << place % 8
    with pytest.raises((VerificationError, ConfigError)):
        _opened(bytes(raw))


@given(st.integers(0, len(_sealed()) - 1))
def test_no_end_can_be_cut_off(length: int) -> None:
    """At any place."""
    with pytest.raises(VerificationError):
        _opened(_sealed()[:length])


@given(st.binary(min_size=1, max_size=40))
def test_nothing_can_be_added(more: bytes) -> None:
    """At the end."""
    with pytest.raises(VerificationError):
        _opened(_sealed() + more)


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=200).map(lambda raw: MAGIC + raw),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(
                        ["kind", "generation", "stretching", "salt", "check", "key_file"]
                    ),
                    inner,
                )
            ),
            max_leaves=20,
        ).map(
            lambda value: (
                MAGIC
                + len(json.dumps(value).encode()).to_bytes(4, "big")
                + json.dumps(value).encode()
                + bytes(32)
            )
        ),
    )
)
def test_any_bytes_are_refused_in_words(raw: bytes) -> None:
    """What is no sealed file says so; nothing else is raised."""
    with pytest.raises(VerificationError):
        read_sealed(raw, "a file", "thing")


def test_a_header_asks_for_no_more_than_is_allowed() -> None:
    """A hostile file cannot make this machine run out of memory before it is refused."""
    raw = _sealed(stretching=STRETCHING)
    length = int.from_bytes(raw[8:12], "big")
    header = json.loads(raw[12 : 12 + length])
    for name, value in (
        ("memory_kib", 2**31),
        ("memory_kib", 8),
        ("passes", 0),
        ("passes", 10**6),
        ("lanes", 2**20),
        ("lanes", True),
        ("name", "scrypt"),
    ):
        changed = header | {"stretching": header["stretching"] | {name: value}}
        text = rfc8785.dumps(changed)
        with pytest.raises(VerificationError, match="header"):
            read_sealed(MAGIC + len(text).to_bytes(4, "big") + text + bytes(32), "it", "thing")


def test_later_versions_and_other_kinds_are_named() -> None:
    """So that one knows what to do."""
    with pytest.raises(VerificationError, match="another version"):
        _opened(b"PHXSEAL2" + _sealed()[8:])
    with pytest.raises(VerificationError, match="holds a thing, not a vault"):
        read_sealed(_sealed(), "a file", "vault")
    with pytest.raises(VerificationError, match="too large"):
        read_sealed(_sealed() + bytes(16 << 20), "a file", "thing")


def test_a_passphrase_gives_the_same_key_tomorrow() -> None:
    """A vector, and what is refused."""
    assert STRETCHING.key(Secret(b"correct horse battery staple")).reveal().hex() == STRETCHED
    with pytest.raises(ConfigError, match="at least 12"):
        refuse_weak(Secret(b"too short"))
    with pytest.raises(ValueError, match="16 bytes"):
        Stretching(cost=Cost(), salt=b"")
