"""DSSE: a payload, its type, and signatures over both.

A party signs with two keys, Ed25519 and ML-DSA-65, as two signatures of DSSE. Both have to hold:
whoever breaks one scheme has still to break the other.

References:
    Dead Simple Signing Envelope, version 1.0.0, "Protocol" and "Envelope".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

from phalanx.errors import InputError, VerificationError
from phalanx.json_text import parse_object
from phalanx.release.encoding import from_text, to_text
from phalanx.release.parties.identity import Identity, key_id_of
from phalanx.release.parties.party_keys import SigningKeys

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MOST_BYTES = 16 << 20
"""Of an envelope."""

_MOST_SIGNATURES = 8
_NEXT = "Ask its author for the file again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature of an envelope."""

    key_id: str
    """SHA-256 of the public key, which says whose it claims to be and proves nothing."""

    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A statement and who signed it."""

    payload: bytes
    signatures: tuple[Signature, ...] = ()

    def as_bytes(self) -> bytes:
        """Return the envelope as a file holds it."""
        said: dict[str, Any] = {
            "payload": to_text(self.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [
                {"keyid": each.key_id, "sig": to_text(each.value)} for each in self.signatures
            ],
        }
        return rfc8785.dumps(said) + b"\n"

    def signed(self, keys: SigningKeys) -> Envelope:
        """Return the envelope with both signatures of a party; none is added a second time."""
        whole = self
        for key in (keys.classical, keys.lattice):
            key_id = key_id_of(key.public_key())
            if all(each.key_id != key_id for each in whole.signatures):
                made = Signature(key_id=key_id, value=key.sign(pae(self.payload)))
                whole = replace(whole, signatures=(*whole.signatures, made))
        return whole

    def refuse_unsigned(self, party: Identity, what: str) -> None:
        """Refuse an envelope that a party did not sign with both of its keys.

        Parameters:
            party: As it was pinned, never as the envelope says.
            what: What messages call the envelope.

        Raises:
            VerificationError: If a signature of this party is missing, or does not hold.
        """
        values = {each.key_id: each.value for each in self.signatures}
        keys: dict[str, Ed25519PublicKey | MLDSA65PublicKey] = {
            party.key_id: party.signing,
            party.lattice_key_id: party.lattice_signing,
        }
        if not keys.keys() & values.keys():
            message = f"{what} is not signed by {party.name}"
            raise VerificationError(
                message, next_step="Have it signed, or name the right identity."
            )
        for key_id, key in keys.items():
            if key_id not in values:
                message = f"{what} has one of the two signatures of {party.name}"
                raise VerificationError(message, next_step=_NEXT)
            try:
                key.verify(values[key_id], pae(self.payload))
            except InvalidSignature as error:
                message = f"{what} is not as {party.name} signed it"
                raise VerificationError(message, next_step=_NEXT) from error


def pae(payload: bytes) -> bytes:
    """Return what is signed: the type and the payload, each with its length.

    Examples:
        >>> pae(b"{}")
        b'DSSEv1 28 application/vnd.in-toto+json 2 {}'
    """
    return b"DSSEv1 %d %s %d %s" % (
        len(PAYLOAD_TYPE),
        PAYLOAD_TYPE.encode(),
        len(payload),
        payload,
    )


def parse_envelope(content: bytes, what: str) -> Envelope:
    """Understand an envelope. Nothing in it is verified yet.

    Parameters:
        content: Of a file.
        what: What messages call it.

    Raises:
        VerificationError: If it is no envelope around an in-toto statement.
    """
    if len(content) > MOST_BYTES:
        raise _no_envelope(what, "it is too large")
    try:
        said = parse_object(content, what)
    except InputError as error:
        raise VerificationError(str(error), next_step=_NEXT) from error
    return envelope_of(said, what)


def envelope_of(said: Mapping[str, Any], what: str) -> Envelope:
    """Understand an envelope that is part of a larger document.

    Raises:
        VerificationError: If it is no envelope around an in-toto statement.
    """
    listed = said.get("signatures")
    if set(said) != {"payload", "payloadType", "signatures"} or not isinstance(listed, list):
        raise _no_envelope(what, "it has other fields")
    if said["payloadType"] != PAYLOAD_TYPE:
        raise _no_envelope(what, "it holds no in-toto statement")
    if len(listed) > _MOST_SIGNATURES:
        raise _no_envelope(what, "it has too many signatures")
    signatures = tuple(_signature(each, what) for each in listed)
    key_ids = [each.key_id for each in signatures if each.key_id]
    if len(set(key_ids)) < len(key_ids):
        raise _no_envelope(what, "one key signed it twice")
    return Envelope(
        payload=from_text(said["payload"], f"the payload of {what}"), signatures=signatures
    )


def _signature(said: object, what: str) -> Signature:
    if not isinstance(said, dict) or not {"sig"} <= set(said) <= {"sig", "keyid"}:
        raise _no_envelope(what, "a signature has other fields")
    key_id = said.get("keyid", "")
    if not isinstance(key_id, str):
        raise _no_envelope(what, "the name of a key is no text")
    return Signature(key_id=key_id, value=from_text(said["sig"], f"a signature of {what}"))


def _no_envelope(what: str, why: str) -> VerificationError:
    message = f"{what} is no signed statement: {why}"
    return VerificationError(message, next_step=_NEXT)
