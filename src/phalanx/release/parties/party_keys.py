"""What a party keeps to itself: four private keys, in one file for its owner alone."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from phalanx.errors import ConfigError, InputError, VerificationError, reason_of
from phalanx.json_text import parse_object
from phalanx.owned import OWNER_ONLY, read_owned
from phalanx.release.dumps import leave_no_core
from phalanx.release.encoding import from_text, to_text
from phalanx.release.parties.identity import Identity, refuse_name

KIND = "phalanx-release-keys/2"
SEED_BYTES = 32
_MOST_FILE_BYTES = 4096
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_OWN_NOTES = b"phalanx release own notes v1\0"
_WIDE_BYTES = 48  # of which a scalar is taken: 128 bits more than the order has


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeys:
    """The two private keys that sign every statement of a party."""

    classical: Ed25519PrivateKey
    lattice: MLDSA65PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyKeys:
    """The private keys of a party, as seeds."""

    name: str
    signing_seed: bytes = field(repr=False)
    """32 bytes of Ed25519 (RFC 8032)."""

    lattice_signing_seed: bytes = field(repr=False)
    """32 bytes of ML-DSA-65 (FIPS 204)."""

    manifests_scalar: bytes = field(repr=False)
    """32 bytes of P-256, big-endian."""

    receiving_seed: bytes = field(repr=False)
    """32 bytes, which SHAKE-256 makes into the keys of ML-KEM-768 and X25519 (X-Wing)."""

    @property
    def signing(self) -> SigningKeys:
        """Keys for requests, grants, records and receipts."""
        return SigningKeys(
            classical=Ed25519PrivateKey.from_private_bytes(self.signing_seed),
            lattice=MLDSA65PrivateKey.from_seed_bytes(self.lattice_signing_seed),
        )

    @property
    def manifests(self) -> EllipticCurvePrivateKey:
        """Key for manifests."""
        return derive_private_key(int.from_bytes(self.manifests_scalar, "big"), SECP256R1())

    @property
    def receiving(self) -> MLKEM768X25519PrivateKey:
        """Key that unwraps content keys."""
        return MLKEM768X25519PrivateKey(*self._receiving_parts())

    @property
    def own_notes(self) -> bytes:
        """Key of 32 bytes by which the party knows what it wrote down for itself."""
        return hmac.digest(self.receiving_seed, _OWN_NOTES, "sha256")

    @property
    def identity(self) -> Identity:
        """What others know the party by."""
        lattice, curve = self._receiving_parts()
        return Identity(
            name=self.name,
            signing=self.signing.classical.public_key(),
            lattice_signing=self.signing.lattice.public_key(),
            manifests=self.manifests.public_key(),
            receiving=lattice.public_key().public_bytes_raw()
            + curve.public_key().public_bytes_raw(),
        )

    def _receiving_parts(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        return receiving_pair(self.receiving_seed)


def receiving_pair(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    """Return the two private keys that a seed of 32 bytes stands for.

    References:
        draft-connolly-cfrg-xwing-kem, section "Key derivation".
    """
    wide = hashlib.shake_256(seed).digest(96)
    return (
        MLKEM768PrivateKey.from_seed_bytes(wide[:64]),
        X25519PrivateKey.from_private_bytes(wide[64:]),
    )


def new_keys(name: str, random: Callable[[int], bytes]) -> PartyKeys:
    """Make the keys of a party.

    Parameters:
        name: Of the party, which is shown to others.
        random: Gives so many random bytes, such as `secrets.token_bytes`.

    Raises:
        VerificationError: If the name is none.

    References:
        FIPS 186-5, appendix A.2.1: a scalar from more random bits than the order has.
    """
    refuse_name(name)
    wide = int.from_bytes(random(_WIDE_BYTES), "big")
    return PartyKeys(
        name=name,
        signing_seed=random(SEED_BYTES),
        lattice_signing_seed=random(SEED_BYTES),
        manifests_scalar=(wide % (_P256_ORDER - 1) + 1).to_bytes(32, "big"),
        receiving_seed=random(SEED_BYTES),
    )


def write_keys(keys: PartyKeys, path: Path) -> None:
    """Write the keys into a new file for its owner alone; no other file is replaced.

    Raises:
        InputError: If something is there, or the file cannot be made.
    """
    said = {
        "kind": KIND,
        "name": keys.name,
        "signing": to_text(keys.signing_seed),
        "lattice_signing": to_text(keys.lattice_signing_seed),
        "manifests": to_text(keys.manifests_scalar),
        "receiving": to_text(keys.receiving_seed),
    }
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(rfc8785.dumps(said) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        message = f"{path}: the keys cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Name a new file for them.") from error


def read_keys(path: Path) -> PartyKeys:
    """Read the keys of a party. From then on the process leaves no core file.

    Raises:
        ConfigError: If others may read the file, or it holds no keys.
    """
    leave_no_core()
    content = read_owned(path, "key file", _MOST_FILE_BYTES)
    try:
        said = parse_object(content, str(path))
        if said.pop("kind", None) != KIND:
            raise _no_keys(path)
        keys = PartyKeys(
            name=said.pop("name"),
            signing_seed=from_text(said.pop("signing"), "a key", SEED_BYTES),
            lattice_signing_seed=from_text(said.pop("lattice_signing"), "a key", SEED_BYTES),
            manifests_scalar=from_text(said.pop("manifests"), "a key", 32),
            receiving_seed=from_text(said.pop("receiving"), "a key", SEED_BYTES),
        )
        refuse_name(keys.name)
        _ = keys.manifests
    except (InputError, VerificationError, KeyError, ValueError) as error:
        raise _no_keys(path) from error
    return keys


def _no_keys(path: Path) -> ConfigError:
    message = f"{path}: holds no keys of a party"
    return ConfigError(message, next_step="Name the file that `phalanx release keygen` made.")
