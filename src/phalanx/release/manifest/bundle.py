"""The signature of a manifest, in the form that `model-signing` writes and reads.

A Sigstore bundle of version 0.3 with a public key that is named and not carried: whoever verifies
holds the key already. Keys are of the curve P-256, the first that the format lists.

References:
    OpenSSF Model Signing Specification, version 1.0; Sigstore bundle format, version 0.3.
"""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)

from phalanx.errors import InputError, VerificationError
from phalanx.json_text import parse_object
from phalanx.release.encoding import to_text
from phalanx.release.envelopes.dsse import PAYLOAD_TYPE, envelope_of, pae
from phalanx.release.manifest.resources import Manifest, parse_payload, payload_of
from phalanx.release.parties.identity import pem_of

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MOST_BYTES = 64 << 20
"""Of a bundle: some 100,000 files."""

_NEXT = "Ask the signer for the signature again, or name the right key."


def sign_manifest(manifest: Manifest, key: EllipticCurvePrivateKey) -> bytes:
    """Return the signed manifest, as a file holds it.

    Parameters:
        manifest: Of the model.
        key: Of the curve P-256; the randomness of its signature is drawn by the library.
    """
    payload = payload_of(manifest)
    signature = key.sign(pae(payload), ECDSA(hashes.SHA256()))
    said: dict[str, Any] = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {
            "publicKey": {"hint": hint_of(key.public_key())},
            "tlogEntries": [],
        },
        "dsseEnvelope": {
            "payload": to_text(payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": to_text(signature), "keyid": ""}],
        },
    }
    return rfc8785.dumps(said) + b"\n"


def verify_manifest(content: bytes, key: EllipticCurvePublicKey, what: str) -> Manifest:
    """Return what a signed manifest says, if this key signed it.

    Parameters:
        content: Of the file.
        key: Of the curve P-256, as it was pinned, never as the file says.
        what: What messages call it.

    Raises:
        VerificationError: If it is no signed manifest, or another key or nobody signed it.
    """
    if len(content) > MOST_BYTES:
        raise _no_bundle(what, "it is too large")
    try:
        said = parse_object(content, what)
    except InputError as error:
        raise VerificationError(str(error), next_step=_NEXT) from error
    material, envelope = said.get("verificationMaterial"), said.get("dsseEnvelope")
    if said.get("mediaType") != MEDIA_TYPE:
        raise _no_bundle(what, "it is no Sigstore bundle of version 0.3")
    if not isinstance(material, dict) or not isinstance(envelope, dict):
        raise _no_bundle(what, "it has other fields")
    _refuse_other_key(material.get("publicKey"), key, what)
    found = envelope_of(envelope, what)
    if len(found.signatures) != 1:
        raise _no_bundle(what, "it does not have one signature")
    try:
        key.verify(found.signatures[0].value, pae(found.payload), ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        message = f"{what} is not as it was signed"
        raise VerificationError(message, next_step=_NEXT) from error
    return parse_payload(found.payload, what)


def hint_of(key: EllipticCurvePublicKey) -> str:
    """Return the name of a public key in a bundle: SHA-256 of its PEM, in hexadecimal."""
    return hashlib.sha256(pem_of(key)).hexdigest()


def _refuse_other_key(named: Any, key: EllipticCurvePublicKey, what: str) -> None:  # noqa: ANN401 - anything that JSON can be
    if not isinstance(named, dict):
        raise _no_bundle(what, "it was not signed with a key of its own")
    if named.get("hint") not in {None, hint_of(key)}:
        message = f"{what} was signed with another key"
        raise VerificationError(message, next_step=_NEXT)


def _no_bundle(what: str, why: str) -> VerificationError:
    message = f"{what} is no signed manifest: {why}"
    return VerificationError(message, next_step=_NEXT)
