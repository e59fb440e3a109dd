"""Short texts that the hub signs and later knows again, without keeping them.

The signature covers what the text is for, so that a place in a list can never pass as a proof
of identity.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from pathlib import Path
from typing import Any

import msgspec

from phalanx.errors import VerificationError
from phalanx.owned import read_or_make_secret

KEY_BYTES = 32
MOST_CHARACTERS = 24_000
"""Of a signed text."""

_MAC_BYTES = 32


def signed(key: bytes, purpose: str, content: object) -> str:
    """Return a text that only the holder of the key can make.

    Parameters:
        key: Of the hub.
        purpose: What it is for.
        content: What JSON can hold.

    Examples:
        >>> text = signed(bytes(32), "next", {"a": 1})
        >>> opened(bytes(32), "next", text)
        {'a': 1}
        >>> opened(bytes(32), "token", text)
        Traceback (most recent call last):
        phalanx.errors.VerificationError: not made by this hub, or changed
    """
    said = msgspec.json.encode(content)
    return base64.urlsafe_b64encode(_mac(key, purpose, said) + said).rstrip(b"=").decode()


def opened(key: bytes, purpose: str, text: str) -> Any:  # noqa: ANN401 - what JSON holds
    """Return what a signed text says.

    Raises:
        VerificationError: If it was not made with this key for this purpose.
    """
    whole = _bytes_of(text)
    said = whole[_MAC_BYTES:]
    if not hmac.compare_digest(whole[:_MAC_BYTES], _mac(key, purpose, said)):
        message = "not made by this hub, or changed"
        raise VerificationError(message, next_step="Begin anew without it.")
    return msgspec.json.decode(said)


def load_or_create_key(path: Path) -> bytes:
    """Read the key of the hub, or make one that only its owner may read.

    Parameters:
        path: File of exactly 32 bytes; all processes of one hub share it.

    Raises:
        ConfigError: If others may read the file, or it is not a key.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = load_or_create_key(Path(folder) / "hub.key")
        ...     made == load_or_create_key(Path(folder) / "hub.key"), len(made)
        (True, 32)
    """
    return read_or_make_secret(path, "key of the hub", KEY_BYTES)


def _bytes_of(text: str) -> bytes:
    if len(text) <= MOST_CHARACTERS and text.isascii():
        try:
            return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            return b""
    return b""


def _mac(key: bytes, purpose: str, said: bytes) -> bytes:
    return hmac.digest(key, b"phalanx hub v1\0" + purpose.encode() + b"\0" + said, "sha256")
