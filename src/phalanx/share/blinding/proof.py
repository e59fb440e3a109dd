"""Proof that one key did it all: equality of discrete logarithms, for a whole batch.

The server shows that every answer is its public key's secret times the question, without
showing the secret. A server that used a key of its own for one member, to recognise that
member's tokens later, cannot.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from phalanx.errors import InputError
from phalanx.share.blinding.group import (
    IDENTITY,
    SCALAR_BYTES,
    add,
    as_scalar,
    multiply,
    multiply_generator,
    scalar_multiply,
    scalar_subtract,
)
from phalanx.share.blinding.hashing import framed, hash_to_scalar

CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"
"""Mode and suite: VOPRF(ristretto255, SHA-512)."""

TO_SCALAR = b"HashToScalar-" + CONTEXT
LARGEST_BATCH = 65_535
"""Pairs of one proof: their number is two bytes of the transcript."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Challenge and response of one batch."""

    challenge: bytes
    response: bytes

    def __bytes__(self) -> bytes:
        """Return the 64 bytes that are sent."""
        return self.challenge + self.response


def as_proof(data: bytes) -> Proof:
    """Read a proof from outside.

    Raises:
        InputError: If it is not two canonical scalars.
    """
    if len(data) != 2 * SCALAR_BYTES:
        message = f"a proof has {2 * SCALAR_BYTES} bytes"
        raise InputError(message, next_step="Send challenge and response, 32 bytes each.")
    return Proof(as_scalar(data[:SCALAR_BYTES]), as_scalar(data[SCALAR_BYTES:]))


def generate_proof(
    private_key: bytes,
    public_key: bytes,
    questions: Sequence[bytes],
    answers: Sequence[bytes],
    nonce: bytes,
) -> Proof:
    """Prove that each answer is the private key times its question.

    Parameters:
        private_key: A scalar.
        public_key: The private key times the generator.
        questions: Checked elements, 1 to 65,535.
        answers: As many.
        nonce: A scalar that is random and never used again: two proofs with one nonce give
            the key away.

    Source:
        RFC 9497, section 2.2.1.
    """
    weighted = _composite(_weights(public_key, questions, answers), questions)
    times_key = multiply(private_key, weighted)
    transcript = (weighted, times_key, multiply_generator(nonce), multiply(nonce, weighted))
    challenge = _challenge(public_key, transcript)
    return Proof(challenge, scalar_subtract(nonce, scalar_multiply(challenge, private_key)))


def verify_proof(
    public_key: bytes, questions: Sequence[bytes], answers: Sequence[bytes], proof: Proof
) -> bool:
    """Tell whether a proof holds for exactly these questions and answers, in this order.

    Raises:
        InputError: If a question, an answer or the key is no element, or the identity.

    Source:
        RFC 9497, section 2.2.2.
    """
    if not 0 < len(questions) == len(answers) <= LARGEST_BATCH:
        return False
    weights = _weights(public_key, questions, answers)
    weighted = _composite(weights, questions)
    times_key = _composite(weights, answers)
    if bytes(SCALAR_BYTES) in {proof.challenge, proof.response}:
        return False  # an honest one is zero once in 2^252
    first = add(multiply_generator(proof.response), multiply(proof.challenge, public_key))
    second = add(multiply(proof.response, weighted), multiply(proof.challenge, times_key))
    expected = _challenge(public_key, (weighted, times_key, first, second))
    return hmac.compare_digest(expected, proof.challenge)


def _weights(
    public_key: bytes, questions: Sequence[bytes], answers: Sequence[bytes]
) -> list[bytes]:
    """Draw a scalar for each pair, from all that nobody can choose afterwards."""
    seed = framed(hashlib.sha512(framed(public_key) + framed(b"Seed-" + CONTEXT)).digest())
    return [
        hash_to_scalar(
            seed + index.to_bytes(2, "big") + framed(question) + framed(answer) + b"Composite",
            TO_SCALAR,
        )
        for index, (question, answer) in enumerate(zip(questions, answers, strict=True))
    ]


def _composite(weights: Sequence[bytes], elements: Sequence[bytes]) -> bytes:
    total = IDENTITY
    for weight, element in zip(weights, elements, strict=True):
        total = add(total, multiply(weight, element))
    return total


def _challenge(public_key: bytes, transcript: Sequence[bytes]) -> bytes:
    said = b"".join(framed(element) for element in (public_key, *transcript))
    return hash_to_scalar(said + b"Challenge", TO_SCALAR)
