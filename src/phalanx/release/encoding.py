"""Bytes as text, in one spelling only."""

from __future__ import annotations

import base64
import binascii

from phalanx.errors import VerificationError


def to_text(raw: bytes) -> str:
    """Return bytes as standard base64.

    Examples:
        >>> to_text(b"ab")
        'YWI='
    """
    return base64.b64encode(raw).decode()


def from_text(text: object, what: str, size: int | None = None) -> bytes:
    """Return the bytes of a text.

    Parameters:
        text: Standard base64 with padding, in the one spelling that `to_text` gives.
        what: What messages call it.
        size: How many bytes there have to be; null takes any number.

    Raises:
        VerificationError: If it is something else.

    Examples:
        >>> from_text("YWI=", "it", 2)
        b'ab'
        >>> from_text("YWJ=", "it")
        Traceback (most recent call last):
        phalanx.errors.VerificationError: it is no base64
    """
    try:
        raw = base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        raw = None
    if raw is None or to_text(raw) != text:
        message = f"{what} is no base64"
        raise VerificationError(message, next_step="Ask its author for it again.")
    if size is not None and len(raw) != size:
        message = f"{what} has {len(raw):,} bytes, and should have {size:,}"
        raise VerificationError(message, next_step="Ask its author for it again.")
    return raw
