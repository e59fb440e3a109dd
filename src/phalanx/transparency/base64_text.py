"""Base64 in one spelling, as notes and proofs hold it."""

from __future__ import annotations

import base64
import binascii


def to_base64(raw: bytes) -> str:
    """Return bytes as standard base64 with padding."""
    return base64.b64encode(raw).decode()


def from_base64(text: str) -> bytes | None:
    """Return the bytes of a text, or nothing where it is not in the one spelling.

    Examples:
        >>> from_base64("YWI="), from_base64("YWJ="), from_base64("YWI")
        (b'ab', None, None)
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if to_base64(raw) == text else None
