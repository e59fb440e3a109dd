"""Bytes to elements and scalars: RFC 9380 with SHA-512, domains separated."""

from __future__ import annotations

import hashlib

from phalanx.share.blinding.group import (
    UNIFORM_BYTES,
    element_from_uniform,
    scalar_from_uniform,
)

_BLOCK_BYTES = 128
_DIGEST_BYTES = 64
_LARGEST_DOMAIN = 255
_LARGEST_OUTPUT = 255 * _DIGEST_BYTES
_AFTER_PADDING = hashlib.sha512(bytes(_BLOCK_BYTES))


def expand_message_xmd(message: bytes, domain: bytes, length: int) -> bytes:
    """Stretch a message to uniform bytes with SHA-512.

    Parameters:
        message: Of any length.
        domain: Tag of the purpose, 1 to 255 bytes; two purposes have nothing in common.
        length: Bytes wanted, 1 to 16,320.

    Raises:
        ValueError: If domain or length is out of range.

    Source:
        RFC 9380, section 5.3.1.

    Examples:
        >>> domain = b"QUUX-V01-CS02-with-expander-SHA512-256"
        >>> expand_message_xmd(b"abc", domain, 32).hex()[:16]
        '0da749f12fbe5483'
    """
    if not 0 < len(domain) <= _LARGEST_DOMAIN or not 0 < length <= _LARGEST_OUTPUT:
        error = "a domain has 1 to 255 bytes, an output 1 to 16,320"
        raise ValueError(error)
    tag = domain + bytes([len(domain)])
    state = _AFTER_PADDING.copy()
    state.update(message + length.to_bytes(2, "big") + b"\0" + tag)
    first = state.digest()
    block = hashlib.sha512(first + b"\1" + tag).digest()
    output = block
    for index in range(2, -(-length // _DIGEST_BYTES) + 1):
        mixed = (int.from_bytes(first, "big") ^ int.from_bytes(block, "big")).to_bytes(
            _DIGEST_BYTES, "big"
        )
        block = hashlib.sha512(mixed + bytes([index]) + tag).digest()
        output += block
    return output[:length]


def hash_to_group(message: bytes, domain: bytes) -> bytes:
    """Map a message to an element whose logarithm nobody knows (RFC 9380, appendix B)."""
    return element_from_uniform(expand_message_xmd(message, domain, UNIFORM_BYTES))


def hash_to_scalar(message: bytes, domain: bytes) -> bytes:
    """Map a message to a scalar (RFC 9497, section 4.1)."""
    return scalar_from_uniform(expand_message_xmd(message, domain, UNIFORM_BYTES))


def framed(data: bytes) -> bytes:
    r"""Put the length of bytes before them, in two bytes, so that fields cannot run together.

    Raises:
        OverflowError: If they are longer than 65,535 bytes.

    Examples:
        >>> framed(b"abc")
        b'\x00\x03abc'
    """
    return len(data).to_bytes(2, "big") + data
