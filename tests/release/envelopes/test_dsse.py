"""An envelope holds as it was signed, by whom it was pinned to."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from phalanx.errors import VerificationError
from phalanx.release.envelopes.dsse import Envelope, pae, parse_envelope
from phalanx.release.parties.party_keys import new_keys

ONE, OTHER = (new_keys(f"P{seed}", random.Random(seed).randbytes) for seed in (1, 2))
SIGNED = Envelope(payload=b'{"a":1}').signed(ONE.signing)


def test_two_sign_one_payload() -> None:
    """Both parties' signatures hold, in either order, and nobody's are added twice."""
    both = SIGNED.signed(OTHER.signing).signed(ONE.signing)
    found = parse_envelope(both.as_bytes(), "it")
    assert found == both
    assert len(found.signatures) == 4
    for party in (ONE, OTHER):
        found.refuse_unsigned(party.identity, "it")
    with pytest.raises(VerificationError, match="not signed by P2"):
        SIGNED.refuse_unsigned(OTHER.identity, "it")


def test_the_form_that_is_signed() -> None:
    """What is signed is what the specification's example says."""
    assert pae(b"hello world") == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"


def test_a_changed_payload_is_told() -> None:
    """Another payload under the same signature is refused."""
    changed = Envelope(payload=b'{"a":2}', signatures=SIGNED.signatures)
    with pytest.raises(VerificationError, match="not as P1 signed it"):
        changed.refuse_unsigned(ONE.identity, "it")


def test_a_key_id_proves_nothing() -> None:
    """A signature that calls itself another's is held to the other's key."""
    mine = SIGNED.signatures[0]
    said = json.loads(SIGNED.as_bytes())
    said["signatures"][0]["keyid"] = OTHER.identity.key_id
    said["signatures"][1]["keyid"] = OTHER.identity.lattice_key_id
    found = parse_envelope(json.dumps(said).encode(), "it")
    with pytest.raises(VerificationError, match="not as P2 signed it"):
        found.refuse_unsigned(OTHER.identity, "it")
    assert mine.key_id == ONE.identity.key_id


@pytest.mark.parametrize("kept", [0, 1])
def test_one_of_two_schemes_is_not_enough(kept: int) -> None:
    """A signature of one scheme counts for nothing without the other over the same payload."""
    alone = Envelope(payload=SIGNED.payload, signatures=(SIGNED.signatures[kept],))
    with pytest.raises(VerificationError, match="one of the two signatures of P1"):
        alone.refuse_unsigned(ONE.identity, "it")
    elsewhere = Envelope(payload=b'{"a":2}').signed(ONE.signing).signatures
    mixed = [elsewhere[0], elsewhere[1]]
    mixed[kept] = SIGNED.signatures[kept]
    with pytest.raises(VerificationError, match="not as P1 signed it"):
        Envelope(payload=SIGNED.payload, signatures=tuple(mixed)).refuse_unsigned(
            ONE.identity, "it"
        )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("payloadType", "text/plain"), ("payload", "e30"), ("payload", 3), ("signatures", {}),
        ("signatures", [3]), ("signatures", [{"keyid": "a"}]), ("signatures", [{"sig": "!"}]),
        ("signatures", [{"sig": "YQ==", "keyid": 3}]), ("signatures", [{"sig": "YQ=="}] * 9),
        ("signatures", [{"sig": "YQ==", "keyid": "a"}] * 2), ("more", 1),
    ],
)  # fmt: skip
def test_what_is_no_envelope(field: str, value: Any) -> None:
    """Anything that does not belong into an envelope is refused."""
    said = {**json.loads(SIGNED.as_bytes()), field: value}
    with pytest.raises(VerificationError):
        parse_envelope(json.dumps(said).encode(), "it")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"payload":"","payload":""}', b" " * (16 << 20) + b"{}"]
)
def test_what_is_no_document(content: bytes) -> None:
    """Files that are no JSON object, say a thing twice or are too large are refused."""
    with pytest.raises(VerificationError):
        parse_envelope(content, "it")
