"""A signature for each version of an object, beside it and not in it.

What is signed is the canonical form (JCS, RFC 8785) of three things: identifier, version and
the SHA-256 of the canonical form of the content, under a label that no other protocol uses. The
signature is detached, so that platforms which do not know it see a plain STIX object. Keys are
pinned: a receiver holds the keys of each member, and a signature names one by its digest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from phalanx.errors import InputError, VerificationError
from phalanx.share.wire.identifiers import Object

CONTEXT = "phalanx.share/object-version/1"
ALGORITHM = "jcs+ed25519"

_WRITE = msgspec.json.Encoder(order="sorted").encode
_READ = msgspec.json.Decoder(float_hook=lambda _: None).decode
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_FROM_E000 = 0xEE  # where the UTF-8 of a character begins so, or higher
_MANY_DIGITS = b"0" * 16  # of 2^53
_UNSIGNED = "Ask its author for the version that was signed; do not act on this one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """That a member wrote a version of an object."""

    object_id: str
    object_version: str
    """`modified`, or `created`, or nothing for an observable."""

    member: str
    """Who signed: the identity under which it appears."""

    key_id: str
    """Digest of its public key, see `key_id_of`."""

    value: str
    """64 bytes as base64url without padding."""

    algorithm: str = ALGORITHM


def key_id_of(key: Ed25519PublicKey) -> str:
    """Return the name of a public key: 128 bits of its SHA-256, in hexadecimal.

    Examples:
        >>> key = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
        >>> key_id_of(key)
        '139e3940e64b5491722088d9a0d74162'
    """
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:32]


def content_hash(item: Object) -> str:
    """Return the SHA-256 of the canonical form of an object, in hexadecimal.

    Raises:
        InputError: If it holds what has no canonical form: a number beyond double precision.

    Examples:
        >>> content_hash({"b": 1.0, "a": "x"}) == content_hash({"a": "x", "b": 1})
        True
    """
    try:
        return hashlib.sha256(_plain_form(item) or rfc8785.dumps(item)).hexdigest()
    except (rfc8785.CanonicalizationError, ValueError, RecursionError) as error:
        message = f"an object has no canonical form: {str(error)[:200]}"
        raise InputError(message, next_step="Use numbers that fit a double, and text.") from error


def _plain_form(item: Object) -> bytes | None:
    """Return the canonical form where `msgspec` writes it too, much quicker; else nothing.

    The two differ in floats, in integers beyond 2^53, and in the order of names with characters
    from U+E000 on. What does not read back as the same is no JSON; a float never does, by `_READ`.
    """
    try:
        raw = _WRITE(item)
        is_json = _READ(raw) == item
    except (TypeError, OverflowError, msgspec.DecodeError):
        return None
    in_order = raw.isascii() or max(raw) < _FROM_E000
    is_plain = is_json and in_order and _MANY_DIGITS not in raw.translate(_DIGITS)
    return raw if is_plain else None


def sign(item: Object, member: str, key: Ed25519PrivateKey) -> Signature:
    """Return a member's signature of a version of an object.

    Parameters:
        item: The version.
        member: Its identity.
        key: Its private key.

    Raises:
        InputError: If the object has no canonical form.
    """
    statement = _statement(item, member)
    return Signature(
        object_id=str(item["id"]),
        object_version=_version(item),
        member=member,
        key_id=key_id_of(key.public_key()),
        value=_as_text(key.sign(statement)),
    )


def verify(
    item: Object, signature: Signature, pinned: Mapping[str, Mapping[str, Ed25519PublicKey]]
) -> None:
    """Verify that a member wrote this version of an object.

    Parameters:
        item: The version as it was received.
        signature: That came with it.
        pinned: For each member its keys by key id; keys that were withdrawn are not in it.

    Raises:
        VerificationError: If anything is not as it was signed, or the key is not pinned.
        InputError: If the object has no canonical form.
    """
    author = item.get("created_by_ref", signature.member)
    key = pinned.get(signature.member, {}).get(signature.key_id)
    reason = ""
    if signature.algorithm != ALGORITHM:
        reason = "signed with an algorithm that is not known"
    elif (signature.object_id, signature.object_version) != (item.get("id"), _version(item)):
        reason = "the signature is of another object or version"
    elif author != signature.member:
        reason = "signed by another member than its author"
    elif key is None or key_id_of(key) != signature.key_id:
        reason = "signed with a key that is not pinned for this member"
    elif not _holds(key, signature.value, _statement(item, signature.member)):
        reason = "the content is not what was signed"
    if reason:
        message = f"{str(item.get('id'))[:100]}: {reason}"
        raise VerificationError(message, next_step=_UNSIGNED)


def _holds(key: Ed25519PublicKey, value: str, statement: bytes) -> bool:
    try:
        raw = base64.b64decode(value + "==", altchars=b"-_", validate=True)
        key.verify(raw, statement)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    # One signature has one spelling: the last character has bits that decoding drops.
    return _as_text(raw) == value


def _as_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _version(item: Object) -> str:
    return str(item.get("modified") or item.get("created") or "")


def _statement(item: Object, member: str) -> bytes:
    return rfc8785.dumps(
        {
            "context": CONTEXT,
            "id": str(item.get("id")),
            "version": _version(item),
            "member": member,
            "content": content_hash(item),
        }
    )
