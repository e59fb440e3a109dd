"""What others know a party by: a name and four public keys, under one fingerprint.

A fingerprint is read to the other side by telephone, or compared where both meet: whoever can
change the file on its way cannot change what is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from phalanx.errors import VerificationError
from phalanx.printable import printable
from phalanx.release.encoding import from_text, to_text

KIND = "phalanx-release-identity/2"
MOST_NAME_LETTERS = 100
MLKEM_BYTES = 1184
MLDSA_BYTES = 1952
RECEIVING_BYTES = MLKEM_BYTES + 32
_NEXT = "Ask the party for its identity file again."
_FIELDS = {"kind", "name", "signing", "lattice_signing", "manifests", "receiving"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A party as others know it."""

    name: str
    signing: Ed25519PublicKey
    """Signs requests, grants, records and receipts."""

    lattice_signing: MLDSA65PublicKey
    """Signs the same (ML-DSA-65): a statement counts when both signatures hold, so that it stands
    when one of the two schemes is broken."""

    manifests: EllipticCurvePublicKey
    """Signs manifests (P-256), since the Model Signing format lists no Ed25519."""

    receiving: bytes
    """Public key that content keys are wrapped to: 1,184 bytes of ML-KEM-768, 32 of X25519."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical form, in hexadecimal."""
        return hashlib.sha256(rfc8785.dumps(self.as_json())).hexdigest()

    @property
    def key_id(self) -> str:
        """SHA-256 of the Ed25519 key, in hexadecimal: what its signatures name."""
        return key_id_of(self.signing)

    @property
    def lattice_key_id(self) -> str:
        """SHA-256 of the ML-DSA key, in hexadecimal: what its signatures name."""
        return key_id_of(self.lattice_signing)

    @property
    def wrapping_key(self) -> MLKEM768X25519PublicKey:
        """The receiving key, ready for use."""
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(self.receiving[:MLKEM_BYTES]),
            X25519PublicKey.from_public_bytes(self.receiving[MLKEM_BYTES:]),
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "kind": KIND,
            "name": self.name,
            "signing": to_text(self.signing.public_bytes_raw()),
            "lattice_signing": to_text(self.lattice_signing.public_bytes_raw()),
            "manifests": pem_of(self.manifests).decode(),
            "receiving": to_text(self.receiving),
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Identity:
        """Understand plain JSON.

        Raises:
            VerificationError: If it is no identity, or one of its keys is none.
        """
        if said.get("kind") != KIND or set(said) != _FIELDS:
            raise _no_identity(why="it is not of this kind")
        name, pem = said["name"], said["manifests"]
        refuse_name(name)
        try:
            manifests = load_pem_public_key(pem.encode())
            signing = Ed25519PublicKey.from_public_bytes(
                from_text(said["signing"], "the signing key", 32)
            )
            found = cls(
                name=name,
                signing=signing,
                lattice_signing=MLDSA65PublicKey.from_public_bytes(
                    from_text(said["lattice_signing"], "the signing key", MLDSA_BYTES)
                ),
                manifests=refuse_other_curve(manifests),
                receiving=from_text(said["receiving"], "the receiving key", RECEIVING_BYTES),
            )
            _ = found.wrapping_key
        except (AttributeError, ValueError, UnsupportedAlgorithm) as error:
            raise _no_identity(why="a key in it is none") from error
        if found.as_json() != dict(said):
            raise _no_identity(why="a key in it is not in its one form")
        return found


def refuse_name(name: object) -> None:
    """Refuse what cannot be the name of a party.

    Raises:
        VerificationError: If it is no text, is empty, too long, or could steer a terminal.
    """
    if (
        not isinstance(name, str)
        or not name.strip()
        or name != printable(name).strip()
        or len(name) > MOST_NAME_LETTERS
    ):
        raise _no_identity(why="its name is none")


def refuse_other_curve(key: object) -> EllipticCurvePublicKey:
    """Return a key that is one of P-256.

    Raises:
        ValueError: If it is another.
    """
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        message = "not a key of the curve P-256"
        raise ValueError(message)  # noqa: TRY004 - of a file, not of a program
    return key


def pem_of(key: EllipticCurvePublicKey) -> bytes:
    """Return a public key as other tools read it."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def key_id_of(key: Ed25519PublicKey | MLDSA65PublicKey) -> str:
    """Return the name of a signing key.

    Examples:
        >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        >>> key_id_of(Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key())[:16]
        '139e3940e64b5491'
    """
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def _no_identity(*, why: str) -> VerificationError:
    message = f"not the identity of a party: {why}"
    return VerificationError(message, next_step=_NEXT)
