"""A sealed file on disk: which passphrase and key file open it, and how both are replaced.

What a passphrase alone protects stays readable in every copy that was ever made of the file. A
key file can be replaced, and then old copies open to nobody: it is what makes the destruction of
a key reach backups of the vault, as long as the key file itself is in none of them.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from phalanx.errors import ConfigError, InputError
from phalanx.owned import read_or_make_secret, read_owned, read_secret, written_whole
from phalanx.watermark.keys.framing import framed
from phalanx.watermark.keys.sealed_file import (
    MOST_BYTES,
    Sealed,
    opens,
    read_sealed,
    seal,
    unseal,
)
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.stretching import Cost, Stretching, refuse_weak

KEY_FILE_BYTES = 32
_NAME = "key file"

RandomBytes = Callable[[int], bytes]
"""Gives so many random bytes that nobody can predict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What opens a sealed file: a passphrase, a key file, or both together."""

    passphrase: Secret | None = None
    key_file: Path | None = None
    """Of 32 bytes, for its owner alone; made where it is missing when something is first sealed."""

    cost: Cost = field(default_factory=Cost)
    """Of trying a passphrase, when the file is written."""

    def __post_init__(self) -> None:
        """Refuse what protects nothing.

        Raises:
            ConfigError: If there is neither, or the passphrase is too short.
        """
        if self.passphrase is None and self.key_file is None:
            message = "a vault is sealed with a passphrase, a key file, or both"
            raise ConfigError(message, next_step="Name one.")
        if self.passphrase is not None:
            refuse_weak(self.passphrase)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a sealed file held."""

    content: Secret
    generation: int
    raw: bytes
    """The file itself."""


class SealedPlace:
    """A file that is read and written whole.

    Parameters:
        path: Of the file.
        kind: Of what it holds, such as `watermark-vault`.
        seal: That opens it.
        random: Where salts come from.
    """

    def __init__(
        self, path: Path, kind: str, seal: Seal, random: RandomBytes = secrets.token_bytes
    ) -> None:
        """Keep where and how."""
        self.path = path
        self._kind = kind
        self._seal = seal
        self._random = random

    def read(self) -> Opened:
        """Read the file and open it.

        Raises:
            InputError: If there is none.
            ConfigError: If others may read it or the key file, or passphrase or key are wrong.
            VerificationError: If it is not as it was written.
        """
        if not self.path.exists():
            message = f"{self.path}: no such {self._kind}"
            raise InputError(message, next_step="Make one, or name another path.")
        raw = read_owned(self.path, self._kind, MOST_BYTES + 1)
        sealed = read_sealed(raw, str(self.path), self._kind)
        content = unseal(sealed, self._key_of(sealed), str(self.path))
        return Opened(content, sealed.header.generation, raw)

    def write(self, content: Secret, generation: int, *, replace_key_file: bool = False) -> bytes:
        """Seal and write, whole or not at all.

        Parameters:
            content: That is to be there.
            generation: Of this writing, above that of the one before.
            replace_key_file: Make a new key file, so that older copies open to nobody.

        Returns:
            The file.

        Raises:
            ConfigError: If something cannot be written.
        """
        key_file = self._seal.key_file
        following = None
        if key_file is not None and replace_key_file and key_file.exists():
            following = _following(key_file)
            following.unlink(missing_ok=True)
        stretching = None
        if self._seal.passphrase is not None:
            stretching = Stretching(cost=self._seal.cost, salt=self._random(16))
        held = None
        if key_file is not None:
            place = following or key_file
            held = Secret(read_or_make_secret(place, _NAME, KEY_FILE_BYTES))
        try:
            if key_file is not None:
                # Before anything is sealed with it: nothing opens what it alone opened.
                _sync(key_file.parent)
        except OSError as error:
            message = f"{key_file}: cannot be written: {error.strerror}"
            raise ConfigError(message, next_step="Check the path and its permissions.") from error
        raw = seal(
            content,
            _joined(self._seal.passphrase, stretching, held),
            kind=self._kind,
            generation=generation,
            stretching=stretching,
            key_file=key_file is not None,
            salt=_salt(self._random(32), content),
        )
        try:
            _write_durably(self.path, raw)
            if key_file is not None and following is not None:
                following.replace(key_file)
                _sync(key_file.parent)
        except OSError as error:
            message = f"{self.path}: cannot be written: {error.strerror}"
            raise ConfigError(message, next_step="Check the path and its permissions.") from error
        return raw

    def _key_of(self, sealed: Sealed) -> Secret:
        """Return the key; that of a key file being replaced when the machine went down, too."""
        header, own = sealed.header, self._seal
        for needed, given, name in (
            (header.stretching is not None, own.passphrase is not None, "passphrase"),
            (header.key_file, own.key_file is not None, _NAME),
        ):
            if needed and not given:
                message = f"{self.path}: sealed with a {name} too, and none was given"
                raise ConfigError(message, next_step=f"Name the {name}.")
        passphrase = own.passphrase if header.stretching else None
        if not header.key_file or own.key_file is None:
            return _joined(passphrase, header.stretching, None)
        held = Secret(read_secret(own.key_file, _NAME, KEY_FILE_BYTES))
        key = _joined(passphrase, header.stretching, held)
        following = _following(own.key_file)
        if opens(sealed, key) or not following.exists():
            return key
        held = Secret(read_secret(following, _NAME, KEY_FILE_BYTES))
        other = _joined(passphrase, header.stretching, held)
        if opens(sealed, other):
            following.replace(own.key_file)
            return other
        return key


def _joined(
    passphrase: Secret | None, stretching: Stretching | None, held: Secret | None
) -> Secret:
    """Make one key of passphrase and key file: who lacks one of them has nothing."""
    stretched = stretching.key(passphrase) if passphrase and stretching else None
    derive = HKDF(hashes.SHA256(), 32, salt=None, info=b"phalanx sealing key v1")
    return Secret(
        derive.derive(
            framed(stretched.reveal() if stretched else b"", held.reveal() if held else b"")
        )
    )


def _salt(random: bytes, content: Secret) -> bytes:
    """Return the salt of one writing, which is another for other content even if random repeats.

    So a machine that was set back to an earlier state, with its random numbers, does not seal two
    contents under one key and nonce.
    """
    return hmac.digest(random, b"phalanx salt v1" + content.reveal(), "sha256")


def _following(key_file: Path) -> Path:
    return key_file.with_name(f"{key_file.name}.next")


def _write_durably(path: Path, raw: bytes) -> None:
    with written_whole(path) as aside, aside.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """See that a renaming outlasts a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
