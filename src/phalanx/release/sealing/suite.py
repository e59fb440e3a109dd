"""What version 1 of the format fixes: sizes, and how a file is cut into chunks.

Every number here is part of the format. Another number is another suite, with another id.
"""

from __future__ import annotations

SUITE = 1
"""HKDF-SHA256, AES-256-GCM, STREAM nonces, chunks of 4 MiB."""

CHUNK_BYTES = 4 << 20
"""Of content in each chunk but the last."""

TAG_BYTES = 16
NONCE_PREFIX_BYTES = 7
DIGEST_BYTES = 32
KEY_BYTES = 32
MOST_CONTENT_BYTES = CHUNK_BYTES * (2**32 - 1)
"""Of one file: chunks are counted in 32 bits (16 PiB)."""


def chunk_count(content_bytes: int) -> int:
    """Return how many chunks hold so many bytes; an empty file has one, which is empty.

    Examples:
        >>> chunk_count(0), chunk_count(CHUNK_BYTES), chunk_count(CHUNK_BYTES + 1)
        (1, 1, 2)
    """
    return max(1, -(-content_bytes // CHUNK_BYTES))


def sealed_bytes(content_bytes: int) -> int:
    """Return what the chunks of so many bytes take, without the header.

    Examples:
        >>> sealed_bytes(0), sealed_bytes(100)
        (16, 116)
    """
    return content_bytes + TAG_BYTES * chunk_count(content_bytes)


def nonce(prefix: bytes, chunk: int, *, is_last: bool) -> bytes:
    r"""Return the nonce of a chunk: prefix, number, and whether it is the last.

    Chunks that are left out, repeated, moved or cut off at the end do not open under their nonce.

    Parameters:
        prefix: 7 bytes that belong to the file's key.
        chunk: From 0, below 2^32.
        is_last: Of its file.

    References:
        Hoang, Reyhanitabar, Rogaway, Vizár, "Online authenticated-encryption and its nonce-reuse
        misuse-resistance", CRYPTO 2015, section 7 (STREAM).

    Examples:
        >>> nonce(b"prefix.", 1, is_last=True)
        b'prefix.\x00\x00\x00\x01\x01'
    """
    return prefix + chunk.to_bytes(4, "big") + bytes([is_last])
