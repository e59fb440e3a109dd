"""VOPRF(ristretto255, SHA-512) of RFC 9497: a keyed hash of which each side knows half.

The client blinds its input and sends an element that is uniformly random whatever the input
is; the server multiplies it by its key and proves it; the client takes the blind off again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from phalanx.errors import VerificationError
from phalanx.share.blinding.group import (
    IDENTITY,
    SCALAR_BYTES,
    invert_each,
    multiply,
    multiply_each,
    multiply_generator,
)
from phalanx.share.blinding.hashing import framed, hash_to_group, hash_to_scalar
from phalanx.share.blinding.proof import CONTEXT, Proof, generate_proof, verify_proof

OUTPUT_BYTES = 64
_TO_GROUP = b"HashToGroup-" + CONTEXT
_DERIVE = b"DeriveKeyPair" + CONTEXT
_TRIES = 256


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The server's key of one epoch."""

    private_key: bytes = field(repr=False)
    """A scalar; it is never printed."""

    public_key: bytes


@dataclass(frozen=True, slots=True)
class Blinded:
    """One input of a client, between question and answer."""

    message: bytes = field(repr=False)
    """What is to be hashed."""

    blind: bytes = field(repr=False)
    """The scalar that hides it."""

    element: bytes
    """All that the server sees."""


def derive_key_pair(seed: bytes, info: bytes) -> KeyPair:
    """Make a key pair from a secret.

    Parameters:
        seed: 32 secret bytes.
        info: What the key is for; public.

    Raises:
        ValueError: If the seed has another length.

    Source:
        RFC 9497, section 3.2.1.

    Examples:
        >>> derive_key_pair(bytes([0xA3]) * 32, b"test key").public_key.hex()[:16]
        'c803e2cc6b05fc15'
    """
    if len(seed) != SCALAR_BYTES:
        message = f"a seed has {SCALAR_BYTES} bytes"
        raise ValueError(message)
    for counter in range(_TRIES):
        private_key = hash_to_scalar(seed + framed(info) + bytes([counter]), _DERIVE)
        if private_key != bytes(SCALAR_BYTES):
            return KeyPair(private_key, multiply_generator(private_key))
    message = "no key follows from this seed"  # once in 2^64512
    raise ValueError(message)


def blind(message: bytes, scalar: bytes) -> Blinded:
    """Hide an input.

    Parameters:
        message: At most 65,535 bytes.
        scalar: Random, not zero, used for this input only.

    Examples:
        >>> blind(b"alice", bytes([5]) + bytes(31)).element.hex()[:16]
        '502ce3955345064f'
    """
    return Blinded(message, scalar, multiply(scalar, _of_message(message)))


def blind_evaluate(
    key: KeyPair, elements: Sequence[bytes], nonce: bytes
) -> tuple[list[bytes], Proof]:
    """Answer a batch of blinded elements, and prove it.

    Parameters:
        key: Of the epoch.
        elements: From outside, 1 to 65,535.
        nonce: A random scalar for this batch only.

    Raises:
        InputError: If one of them is no element, or the identity.
    """
    answers = multiply_each(key.private_key, elements)
    return answers, generate_proof(key.private_key, key.public_key, elements, answers, nonce)


def finalize(
    batch: Sequence[Blinded], answers: Sequence[bytes], public_key: bytes, proof: Proof
) -> list[bytes]:
    """Check the server's proof, and take the blinds off.

    Parameters:
        batch: What was sent, in the order in which it was sent.
        answers: What came back.
        public_key: That the client knew before; never one that came with the answers.
        proof: That came back.

    Returns:
        The output of each input, 64 bytes.

    Raises:
        VerificationError: If the proof does not hold: then nothing is returned.
        InputError: If an answer is no element.
    """
    if not verify_proof(public_key, [each.element for each in batch], answers, proof):
        message = "the key server's proof does not hold for the pinned key"
        raise VerificationError(message, next_step="Compare the epoch's commitment with others.")
    inverses = invert_each([each.blind for each in batch])
    return [
        output_of(each.message, multiply(inverse, answer))
        for each, inverse, answer in zip(batch, inverses, answers, strict=True)
    ]


def evaluate(key: KeyPair, message: bytes) -> bytes:
    """Return what `finalize` would, for whoever knows both key and input.

    Examples:
        >>> key = derive_key_pair(bytes(32), b"example")
        >>> five = bytes([5]) + bytes(31)
        >>> asked = blind(b"alice", five)
        >>> answers, proof = blind_evaluate(key, [asked.element], five)
        >>> finalize([asked], answers, key.public_key, proof) == [evaluate(key, b"alice")]
        True
    """
    return output_of(message, multiply(key.private_key, _of_message(message)))


def _of_message(message: bytes) -> bytes:
    element = hash_to_group(message, _TO_GROUP)
    if element == IDENTITY:  # once in 2^252
        error = "this input cannot be hidden"
        raise ValueError(error)
    return element


def output_of(message: bytes, element: bytes) -> bytes:
    """Return the output of an input whose element is known under the key."""
    return hashlib.sha512(framed(message) + framed(element) + b"Finalize").digest()
