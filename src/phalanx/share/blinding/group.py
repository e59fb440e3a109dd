"""The group ristretto255 (RFC 9496): elements and scalars as canonical bytes.

The arithmetic is libsodium's, reached through rbcl. It takes the same time for all scalars, and
lets other threads run meanwhile. The group has prime order, so an element other than the
identity has no hidden structure; the identity and encodings that are not canonical are refused
wherever an element comes from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import rbcl

from phalanx.errors import InputError

# On import rbcl writes its copy of libsodium to a temporary file and leaves it there. It is
# loaded by now, and three megabytes for every start of a process would fill the disk.
Path(rbcl._sodium._name).unlink(missing_ok=True)  # noqa: SLF001

RandomBytes = Callable[[int], bytes]
"""Where randomness comes from: `secrets.token_bytes`, or what a test puts in its place."""

ORDER = 2**252 + 27742317777372353535851937790883648493
"""Number of elements, a prime."""

ELEMENT_BYTES = 32
SCALAR_BYTES = 32
UNIFORM_BYTES = 64
"""Bytes that become an element or a scalar without a visible bias."""

IDENTITY = bytes(ELEMENT_BYTES)


def as_element(data: bytes) -> bytes:
    """Return an element from outside as it is, after checking it.

    Raises:
        InputError: If it is no canonical encoding, or the identity.

    Examples:
        >>> as_element(multiply_generator(as_scalar(bytes([1]) + bytes(31)))).hex()[:16]
        'e2f2ae0a6abc4e71'
        >>> as_element(IDENTITY)
        Traceback (most recent call last):
        phalanx.errors.InputError: not an element of the group
    """
    if len(data) != ELEMENT_BYTES or data == IDENTITY or not _is_canonical(data):
        raise _no_element()
    return data


def as_scalar(data: bytes) -> bytes:
    """Return a scalar from outside as it is, after checking it.

    Raises:
        InputError: If it is not the only encoding of a number below the order of the group.

    Examples:
        >>> as_scalar(ORDER.to_bytes(32, "little"))
        Traceback (most recent call last):
        phalanx.errors.InputError: not a scalar of the group
    """
    if len(data) != SCALAR_BYTES or int.from_bytes(data, "little") >= ORDER:
        message = "not a scalar of the group"
        raise InputError(message, next_step="Send 32 bytes, little-endian, below the order.")
    return data


def element_from_uniform(uniform: bytes) -> bytes:
    """Map 64 uniform bytes to an element whose logarithm nobody knows."""
    return bytes(rbcl.crypto_core_ristretto255_from_hash(uniform))


def scalar_from_uniform(uniform: bytes) -> bytes:
    """Reduce 64 uniform bytes, little-endian, to a scalar.

    Examples:
        >>> scalar_from_uniform(ORDER.to_bytes(64, "little")) == bytes(32)
        True
    """
    return bytes(rbcl.crypto_core_ristretto255_scalar_reduce(uniform))


def random_element(random: RandomBytes) -> bytes:
    """Return an element that nobody knows anything about."""
    return element_from_uniform(random(UNIFORM_BYTES))


def random_scalar(random: RandomBytes) -> bytes:
    """Return a scalar other than zero, all of them equally likely."""
    while True:
        scalar = scalar_from_uniform(random(UNIFORM_BYTES))
        if scalar != bytes(SCALAR_BYTES):
            return scalar


def multiply(scalar: bytes, element: bytes) -> bytes:
    """Multiply an element by a scalar.

    Raises:
        InputError: If the element is no canonical encoding, or the product is the identity,
            which is so for the identity alone where the scalar is not zero.

    Examples:
        >>> two = bytes([2]) + bytes(31)
        >>> element = element_from_uniform(bytes([1]) * 64)
        >>> multiply(two, element) == add(element, element)
        True
    """
    try:
        return bytes(rbcl.crypto_scalarmult_ristretto255(scalar, element))
    except (RuntimeError, ValueError) as error:
        raise _no_element() from error


def multiply_each(scalar: bytes, elements: Sequence[bytes]) -> list[bytes]:
    """Multiply many elements by one scalar.

    Raises:
        InputError: As `multiply`.
    """
    return [multiply(scalar, element) for element in elements]


def multiply_generator(scalar: bytes) -> bytes:
    """Multiply the generator by a scalar that is not zero: a private key to its public one."""
    return bytes(rbcl.crypto_scalarmult_ristretto255_base(scalar))


def add(first: bytes, second: bytes) -> bytes:
    """Add two elements that were checked or computed here."""
    return bytes(rbcl.crypto_core_ristretto255_add(first, second))


def scalar_multiply(first: bytes, second: bytes) -> bytes:
    """Multiply two scalars."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_mul(first, second))


def scalar_subtract(first: bytes, second: bytes) -> bytes:
    """Subtract the second scalar from the first."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_sub(first, second))


def invert_each(scalars: Sequence[bytes]) -> list[bytes]:
    """Invert many scalars, none of which is zero, for the price of one.

    An inversion costs as much as forty products, so the product of all is inverted and
    divided up again (Montgomery's trick).

    Examples:
        >>> one, three = bytes([1]) + bytes(31), bytes([3]) + bytes(31)
        >>> [scalar_multiply(three, third) == one for third in invert_each([three, three])]
        [True, True]
    """
    if not scalars:
        return []
    products = [scalars[0]]
    for scalar in scalars[1:]:
        products.append(scalar_multiply(products[-1], scalar))
    rest = bytes(rbcl.crypto_core_ristretto255_scalar_invert(products[-1]))
    inverses = []
    for index in range(len(scalars) - 1, 0, -1):
        inverses.append(scalar_multiply(rest, products[index - 1]))
        rest = scalar_multiply(rest, scalars[index])
    return [rest, *reversed(inverses)]


def _is_canonical(data: bytes) -> bool:
    return bool(rbcl.crypto_core_ristretto255_is_valid_point(data))


def _no_element() -> InputError:
    # Never the bytes themselves: messages are logged.
    message = "not an element of the group"
    return InputError(message, next_step="Send 32 bytes, canonical, not the identity.")
