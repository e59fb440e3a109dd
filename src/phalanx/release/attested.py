"""A content key on its way through a broker to a key that exists in one attested machine only.

The machine makes a key for this one time. What it asks its attester to vouch for is a nonce that
follows from the broker's challenge and that key: a token that was recorded is worth nothing under
another challenge, and a token that was stolen is worth nothing to another key.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
)

from phalanx.errors import VerificationError
from phalanx.release.encoding import from_text, to_text
from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.envelopes.statement import Digest, Moment, Predicate, payload_of
from phalanx.release.grants.request import Named, named
from phalanx.release.parties.identity import MLKEM_BYTES, RECEIVING_BYTES
from phalanx.release.parties.party_keys import PartyKeys, receiving_pair
from phalanx.release.sealing.wrapping import unwrap

CHALLENGE_BYTES = 32
_LABEL = b"phalanx attested nonce v1\0"


class KeyRequest(Predicate):
    """That a recipient asks a broker for the content key of a release."""

    type_uri: ClassVar[str] = "urn:phalanx:release:key-request:1"

    recipient: Named
    grant: Digest
    challenge: Digest
    """Of the broker: 32 random bytes."""

    receiving: str
    """Public key of the machine, for this one time (base64)."""

    token: Digest
    """SHA-256 of the attestation token that goes with it."""

    asked_at: Moment

    @property
    def receiving_bytes(self) -> bytes:
        """The machine's key, as bytes."""
        return from_text(self.receiving, "the key of the machine", RECEIVING_BYTES)

    @property
    def wrapping_key(self) -> MLKEM768X25519PublicKey:
        """The machine's key, ready for use.

        Raises:
            VerificationError: If it is none.
        """
        raw = self.receiving_bytes
        try:
            return MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(raw[:MLKEM_BYTES]),
                X25519PublicKey.from_public_bytes(raw[MLKEM_BYTES:]),
            )
        except ValueError as error:
            message = "the key of the machine is none"
            raise VerificationError(message, next_step="Make another one.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a machine keeps between asking for a challenge and opening."""

    grant: str
    challenge: bytes
    seed: bytes = field(repr=False)
    """32 random bytes, of which its key is made."""

    @property
    def receiving(self) -> bytes:
        """The public key."""
        lattice, curve = receiving_pair(self.seed)
        return lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()

    @property
    def nonce(self) -> str:
        """What the token has to hold as `eat_nonce`."""
        return nonce_of(self.challenge, self.receiving)

    def request(self, keys: PartyKeys, token: str, now: Moment) -> Envelope:
        """Return the signed request that goes to the broker with the token."""
        said = KeyRequest(
            recipient=named(keys.identity),
            grant=self.grant,
            challenge=self.challenge.hex(),
            receiving=to_text(self.receiving),
            token=hashlib.sha256(token.encode()).hexdigest(),
            asked_at=now,
        )
        return Envelope(payload=payload_of(said, "grant", self.grant)).signed(keys.signing)

    def content_key(self, wrapped: bytes) -> bytes:
        """Return the content key that the broker wrapped.

        Raises:
            VerificationError: If it was wrapped for another session.
        """
        return unwrap(
            wrapped,
            MLKEM768X25519PrivateKey(*receiving_pair(self.seed)),
            purpose="attested",
            bound_to=bound_to(self.grant, self.challenge),
        )


def nonce_of(challenge: bytes, receiving: bytes) -> str:
    """Return the nonce of a token: SHA-256 of the challenge and the machine's key (base64url).

    Examples:
        >>> len(nonce_of(bytes(32), bytes(1216)))
        43
    """
    digest = hashlib.sha256(_LABEL + challenge + receiving).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def bound_to(grant: str, challenge: bytes) -> bytes:
    """Return what a key that a broker hands out is bound to."""
    return bytes.fromhex(grant) + challenge
