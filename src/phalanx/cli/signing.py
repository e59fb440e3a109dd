"""Keys that sign reports, and reports that are signed."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx.owned import read_or_make_secret, written_whole
from phalanx.signed import public_text

_SIGNER = "key that signs reports"


def signer_of(path: Path) -> Ed25519PrivateKey:
    """Read the key that signs, or make it.

    Raises:
        ConfigError: If others may read it, or it is none.
    """
    return Ed25519PrivateKey.from_private_bytes(read_or_make_secret(path, _SIGNER, 32))


def write_signed(report: bytes, signer: Ed25519PrivateKey, output: Path) -> str:
    """Write a signed report, and return the public key that verifies it, base64.

    Raises:
        OSError: If it cannot be written.
    """
    with written_whole(output) as aside:
        aside.write_bytes(report)
    return public_text(signer.public_key())
