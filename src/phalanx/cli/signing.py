"""Keys that sign reports, and reports that are signed."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx.errors import ConfigError
from phalanx.owned import read_or_make_secret, written_whole
from phalanx.signed import public_text

_SIGNER = "key that signs reports"


def signer_of(path: Path, beside: Path | None = None) -> Ed25519PrivateKey:
    """Read the key that signs, or make it.

    Parameters:
        path: Its file.
        beside: Key file of a vault, which is as long and signs nothing.

    Raises:
        ConfigError: If others may read it, it is none, or it is that of the vault.
    """
    if beside is not None and path.resolve() == beside.resolve():
        message = f"{path}: opens the vault, and signs no report"
        raise ConfigError(message, next_step="Name another file: it is made if it is not there.")
    return Ed25519PrivateKey.from_private_bytes(read_or_make_secret(path, _SIGNER, 32))


def write_signed(report: bytes, signer: Ed25519PrivateKey, output: Path) -> str:
    """Write a signed report, and return the public key that verifies it, base64.

    Raises:
        OSError: If it cannot be written.
    """
    with written_whole(output) as aside:
        aside.write_bytes(report)
    return public_text(signer.public_key())
