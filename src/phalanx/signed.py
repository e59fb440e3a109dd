"""Reports that somebody signs: canonical JSON (RFC 8785) under Ed25519 (RFC 8032).

A signature says who stands for a report, not that it is right: what follows from what it states is
for its reader to compute again.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from phalanx.errors import InputError, VerificationError

MOST_BYTES = 16 << 20
"""Of a signed file."""


def sign(content: Mapping[str, Any], signer: Ed25519PrivateKey) -> bytes:
    """Return the file of a report.

    Parameters:
        content: Plain JSON values.
        signer: Who stands for it.
    """
    signed: dict[str, Any] = {
        "report": content,
        "public_key": public_text(signer.public_key()),
        "signature": _text(signer.sign(rfc8785.dumps(content))),
    }
    return rfc8785.dumps(signed) + b"\n"


def signed_by(data: bytes, signer: Ed25519PublicKey, what: str) -> dict[str, Any]:
    """Return the content of a report that this signer signed.

    Parameters:
        data: The file. Only the bytes that `sign` writes are taken: other ways to write the same
            JSON are read in more than one way.
        signer: Who must have signed it; the key in the file itself proves nothing.
        what: What messages call it, such as "report of an audit".

    Raises:
        VerificationError: If it is no such file, or somebody else or nobody signed it.

    Examples:
        >>> key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        >>> signed_by(sign({"found": True}, key), key.public_key(), "report")
        {'found': True}
    """
    if len(data) > MOST_BYTES:
        message = f"a report has at most {MOST_BYTES:,} bytes"
        raise VerificationError(message)
    advice = "Pass the file that was signed."
    try:
        signed = json.loads(data)
        canonical = rfc8785.dumps(signed) + b"\n" == data
        signature = base64.b64decode(signed["signature"], validate=True)
        content = signed["report"]
        fits = (
            canonical
            and set(signed) == {"report", "public_key", "signature"}
            and signed["signature"] == _text(signature)
            and isinstance(content, dict)
        )
        if fits:
            signer.verify(signature, rfc8785.dumps(content))
    except InvalidSignature as error:
        raise _changed() from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        message = f"this is no signed {what}"
        raise VerificationError(message, next_step=advice) from error
    if not fits:
        message = f"this is no signed {what} as it was written"
        raise VerificationError(message, next_step=advice)
    if signed["public_key"] != public_text(signer):
        raise _changed()
    result: dict[str, Any] = content
    return result


def public_text(signer: Ed25519PublicKey) -> str:
    """Return a public key as people hand it on, base64."""
    return _text(signer.public_bytes_raw())


def read_public_text(text: str) -> Ed25519PublicKey:
    """Return the public key that a text stands for.

    Raises:
        InputError: If it stands for none.

    Examples:
        >>> key = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
        >>> read_public_text(public_text(key)) == key
        True
    """
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except ValueError as error:
        message = "--signer is no public key: 32 bytes in base64"
        raise InputError(message, next_step="Take it from whoever signed.") from error


def _changed() -> VerificationError:
    message = "the report was changed, or signed by somebody else"
    return VerificationError(message, next_step="Ask its author for the file.")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
