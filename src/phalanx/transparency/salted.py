"""Entries that say nothing to whom they are not opened: digests with a salt.

A bare digest of a statement of which somebody holds a copy would tell him that it was logged, and
when; that of a guessable one would tell everybody.
"""

from __future__ import annotations

import hashlib

SALT_BYTES = 32
_LABEL = b"phalanx log entry v1\0"


def salted_entry(digest: bytes, salt: bytes) -> bytes:
    """Return the entry of a digest.

    Parameters:
        digest: 32 bytes of SHA-256.
        salt: 32 random bytes, which whoever may verify the entry is given.

    Raises:
        ValueError: If one of them has another length.

    Examples:
        >>> salted_entry(bytes(32), bytes(32)).hex()[:16]
        '6ce17d614e66f86a'
    """
    if len(digest) != 32 or len(salt) != SALT_BYTES:
        message = "a digest and its salt have 32 bytes each"
        raise ValueError(message)
    return hashlib.sha256(_LABEL + salt + digest).digest()
