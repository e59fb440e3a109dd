"""A content key on its way to one recipient, safe from today's computers and from quantum ones.

HPKE in its base mode, with a key encapsulation that joins ML-KEM-768 and X25519: who records it
now and breaks one of the two later has still to break the other. `info` binds the wrapped key to
what it was wrapped for.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from phalanx.errors import VerificationError
from phalanx.release.sealing.suite import KEY_BYTES

WRAPPING = "hpke-base/mlkem768-x25519-647a/hkdf-sha256/aes-256-gcm/1"
"""Named with its code point and a version: the hybrid comes from a draft of the IETF, and another
state of the draft would be another name."""

WRAPPED_BYTES = 1168
"""1,120 of the encapsulation, 32 of the key, 16 of the tag."""

_PURPOSES = {
    "release": b"phalanx release key v1\0",
    "resume": b"phalanx resume key v1\0",
    "broker": b"phalanx broker key v1\0",
    "attested": b"phalanx attested key v1\0",
}


def wrap(
    content_key: bytes, recipient: MLKEM768X25519PublicKey, *, purpose: str, bound_to: bytes
) -> bytes:
    """Wrap a content key for one recipient. HPKE draws the randomness for it by itself.

    Parameters:
        content_key: 32 bytes.
        recipient: His public key.
        purpose: `release` for a recipient, `resume` for oneself, `broker` for a broker, `attested`
            for a machine that a broker was shown an attestation of.
        bound_to: What it is wrapped for: the digest of the grant and that of the record's salt.

    References:
        RFC 9180 (HPKE); draft-ietf-hpke-pq (the hybrid encapsulation, code point 0x647A).
    """
    return _suite().encrypt(content_key, recipient, info=_PURPOSES[purpose] + bound_to)


def unwrap(
    wrapped: bytes, own: MLKEM768X25519PrivateKey, *, purpose: str, bound_to: bytes
) -> bytes:
    """Unwrap a content key.

    Parameters:
        wrapped: 1,168 bytes.
        own: Private key of the recipient.
        purpose: As it was wrapped.
        bound_to: As it was wrapped.

    Raises:
        VerificationError: If it was wrapped for somebody else or something else, or was changed.
    """
    try:
        found = _suite().decrypt(wrapped, own, info=_PURPOSES[purpose] + bound_to)
    except (InvalidTag, ValueError) as error:
        raise _not_ours() from error
    if len(wrapped) != WRAPPED_BYTES or len(found) != KEY_BYTES:
        raise _not_ours()
    return found


def _suite() -> Suite:
    return Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def _not_ours() -> VerificationError:
    message = "the content key was wrapped for another recipient or grant, or was changed"
    return VerificationError(message, next_step="Open it with the keys that the grant names.")
