"""Bytes as text: base64url without padding, in exactly one way."""

from __future__ import annotations

import base64
import binascii

from phalanx.errors import InputError


def to_text(data: bytes) -> str:
    """Write bytes as base64url without padding (RFC 4648, section 5).

    Examples:
        >>> to_text(bytes(3)), to_text(b"a")
        ('AAAA', 'YQ')
    """
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_text(text: str, size_bytes: int) -> bytes:
    """Read what `to_text` wrote.

    Parameters:
        text: From outside.
        size_bytes: How many bytes it must hold.

    Raises:
        InputError: If it is anything but the one spelling of so many bytes.

    Examples:
        >>> from_text("YQ", 1)
        b'a'
        >>> from_text("YR", 1)
        Traceback (most recent call last):
        phalanx.errors.InputError: not base64url of 1 bytes
    """
    try:
        data = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
    except (UnicodeEncodeError, binascii.Error):
        data = b""
    if len(data) != size_bytes or to_text(data) != text:
        message = f"not base64url of {size_bytes} bytes"
        raise InputError(message, next_step="Leave the padding out, and spell it canonically.")
    return data
