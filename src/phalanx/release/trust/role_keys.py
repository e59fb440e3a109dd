"""Keys of the roles of a repository: a folder of secrets, of which a root says which ones count."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.signer import CryptoSigner, Key, SSlibKey
from tuf.api.metadata import Root

from phalanx.errors import ConfigError
from phalanx.owned import read_or_make_secret, read_secret

ROLES = ("root", "targets", "snapshot", "timestamp")
_SECRET_BYTES = 32
_NAME = "key of roots"


@dataclass(frozen=True, slots=True)
class RoleKeys:
    """A folder of keys; those of holders elsewhere are not in it."""

    folder: Path

    def make(self, role: str) -> SSlibKey:
        """Make a further key of a role, and return what others know it by.

        Raises:
            ConfigError: If it cannot be made.
        """
        for number in count(1):
            path = self.folder / (f"{role}.key" if number == 1 else f"{role}.{number}.key")
            if not path.exists():
                return signer_of(path).public_key
        raise AssertionError

    def signers(self, role: str, root: Root) -> tuple[CryptoSigner, ...]:
        """Return those keys of the folder that a root names for a role.

        Raises:
            ConfigError: If one of them cannot be read, or others may read it.
        """
        named = set(root.roles[role].keyids)
        paths = sorted({*self.folder.glob(f"{role}.key"), *self.folder.glob(f"{role}.*.key")})
        made = [_signer(read_secret(path, _NAME, _SECRET_BYTES)) for path in paths]
        return tuple(each for each in made if each.public_key.keyid in named)


def signer_of(path: Path) -> CryptoSigner:
    """Return the key in a file, which is made if it is missing.

    Raises:
        ConfigError: If others may read the file, or it is no such key.
    """
    return _signer(read_or_make_secret(path, _NAME, _SECRET_BYTES))


def existing_signer(path: Path) -> CryptoSigner:
    """Return the key in a file that is there.

    Raises:
        ConfigError: If there is none, others may read it, or it is no such key.
    """
    return _signer(read_secret(path, _NAME, _SECRET_BYTES))


def public_text(key: Key) -> str:
    """Return how a holder hands his key over: 32 bytes of Ed25519 in hexadecimal."""
    return str(key.keyval["public"])


def public_of(text: str) -> SSlibKey:
    """Return the key that a holder handed over.

    Raises:
        ConfigError: If it is none.

    Examples:
        >>> public_text(public_of("d7" * 32)) == "d7" * 32
        True
    """
    try:
        raw = bytes.fromhex(text)
        return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(raw))
    except (ValueError, UnsupportedAlgorithm) as error:
        message = f"{text[:80]!r} is no key of a role"
        raise ConfigError(message, next_step="Name what `roots key` printed.") from error


def _signer(secret: bytes) -> CryptoSigner:
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(secret))
