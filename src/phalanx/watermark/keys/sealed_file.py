"""Bytes sealed at rest: what a sealed file looks like, how it is read, and what opens it.

    8 bytes   `PHXSEAL1`
    4 bytes   length of the header, big-endian
    header    canonical JSON (RFC 8785): kind, generation, how the key is made, salts, check
    rest      AES-256-GCM under a key of this very writing, the header being authenticated too

Each writing has a key of its own, so that no nonce comes again. `check` commits to that key: a
file opens under one key only, and a wrong passphrase is told from a damaged file.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from phalanx.errors import ConfigError, VerificationError
from phalanx.watermark.keys.framing import framed
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.stretching import Stretching

MAGIC = b"PHXSEAL1"
MOST_BYTES = 16 << 20
"""Of a sealed file."""

MOST_HEADER_BYTES = 4096
_NONCE = bytes(12)  # the key is used once
_SALT_BYTES = 32
_CHECK_BYTES = 32
_TAG_BYTES = 16
_GENERATIONS = 2**53
_FIELDS = {"kind", "generation", "stretching", "key_file", "salt", "check"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What everybody may read of a sealed file, and nobody may change."""

    kind: str
    """What is inside, such as `watermark-vault`."""

    generation: int
    """How often it was written; at least 1."""

    stretching: Stretching | None
    """How a passphrase becomes a key; null where there is none."""

    key_file: bool
    """Whether a key file is needed."""

    salt: bytes
    """32 random bytes of this writing."""

    check: bytes
    """32 bytes that commit to the key of this writing."""

    def as_bytes(self) -> bytes:
        """Return the canonical form."""
        said: dict[str, Any] = {
            "kind": self.kind,
            "generation": self.generation,
            "stretching": self.stretching.as_json() if self.stretching else None,
            "key_file": self.key_file,
            "salt": _text(self.salt),
            "check": _text(self.check),
        }
        return rfc8785.dumps(said)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed file that was read, and not yet opened."""

    header: Header
    start: bytes
    """Everything before the ciphertext: what is authenticated with it."""

    ciphertext: bytes


def read_sealed(content: bytes, where: str, kind: str) -> Sealed:
    """Understand a sealed file.

    Parameters:
        content: Of the file.
        where: What messages call it.
        kind: Of what it must hold.

    Raises:
        VerificationError: If it is none, is cut off, of another kind, or of a later version.
    """
    if not content.startswith(MAGIC[:-1]):
        raise damaged(where, "it is no sealed file")
    if not content.startswith(MAGIC):
        message = f"{where}: sealed by another version of Phalanx"
        raise VerificationError(message, next_step="Update Phalanx.")
    length = int.from_bytes(content[8:12], "big")
    end = 12 + length
    if not 2 <= length <= MOST_HEADER_BYTES or len(content) < end + _TAG_BYTES:
        raise damaged(where, "it is cut off, or its header is not one")
    if len(content) > MOST_BYTES:
        raise damaged(where, "it is too large")
    try:
        header = _header(json.loads(content[12:end]))
        is_canonical = header.as_bytes() == content[12:end]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(where, "its header is not one") from error
    if not is_canonical:
        raise damaged(where, "its header is not in its one form")
    if header.kind != kind:
        message = f"{where}: holds a {header.kind}, not a {kind}"
        raise VerificationError(message, next_step=f"Name the file of a {kind}.")
    return Sealed(header, content[:end], content[end:])


def seal(  # noqa: PLR0913 - what is in the header
    content: Secret,
    key: Secret,
    *,
    kind: str,
    generation: int,
    stretching: Stretching | None,
    key_file: bool,
    salt: bytes,
) -> bytes:
    """Seal some bytes.

    Parameters:
        content: That nobody else may read.
        key: What passphrase and key file make, with `stretching`.
        kind: Of the content.
        generation: How often it was written, with this time.
        stretching: How the passphrase became a key.
        key_file: Whether a key file took part.
        salt: 32 random bytes that were never used before.
    """
    once, check = _of_this_writing(key, salt, kind, generation)
    header = Header(
        kind=kind,
        generation=generation,
        stretching=stretching,
        key_file=key_file,
        salt=salt,
        check=check,
    ).as_bytes()
    start = MAGIC + len(header).to_bytes(4, "big") + header
    return start + AESGCM(once.reveal()).encrypt(_NONCE, content.reveal(), start)


def opens(sealed: Sealed, key: Secret) -> bool:
    """Tell whether a key is that of a sealed file."""
    header = sealed.header
    _, check = _of_this_writing(key, header.salt, header.kind, header.generation)
    return hmac.compare_digest(check, header.check)


def unseal(sealed: Sealed, key: Secret, where: str) -> Secret:
    """Open a sealed file.

    Parameters:
        sealed: As it was read.
        key: What passphrase and key file make.
        where: What messages call it.

    Raises:
        ConfigError: If the key is another one.
        VerificationError: If the file was changed.
    """
    header = sealed.header
    once, check = _of_this_writing(key, header.salt, header.kind, header.generation)
    if not hmac.compare_digest(check, header.check):
        message = f"{where}: not the passphrase or key file that it was sealed with"
        raise ConfigError(message, next_step="Try again; if you are sure, the header was changed.")
    try:
        return Secret(AESGCM(once.reveal()).decrypt(_NONCE, sealed.ciphertext, sealed.start))
    except InvalidTag as error:
        raise damaged(where, "it was changed after it was sealed") from error


def damaged(where: str, reason: str) -> VerificationError:
    """Return what is raised of a file that is not as it was written."""
    message = f"{where}: {reason}"
    return VerificationError(message, next_step="Bring the file back from a backup.")


def _of_this_writing(key: Secret, salt: bytes, kind: str, generation: int) -> tuple[Secret, bytes]:
    """Return the key of one writing, and what commits to it."""
    info = framed("phalanx sealed file v1", kind, generation)
    derive = HKDF(hashes.SHA256(), 32 + _CHECK_BYTES, salt=salt, info=info)
    # Kept in no variable of its own: an error further on may show what the variables hold.
    both = Secret(derive.derive(key.reveal()))
    return Secret(both.reveal()[:32]), both.reveal()[32:]


def _header(said: Any) -> Header:  # noqa: ANN401 - of a file
    if set(said) != _FIELDS:
        message = "fields"
        raise ValueError(message)
    generation, kind, key_file = said["generation"], said["kind"], said["key_file"]
    is_whole = type(generation) is int and 1 <= generation < _GENERATIONS
    if not (is_whole and isinstance(kind, str) and isinstance(key_file, bool)):
        message = "types"
        raise ValueError(message)
    stretching = said["stretching"]
    return Header(
        kind=kind,
        generation=generation,
        stretching=None if stretching is None else Stretching.from_json(stretching),
        key_file=key_file,
        salt=_bytes(said["salt"], _SALT_BYTES),
        check=_bytes(said["check"], _CHECK_BYTES),
    )


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str, size: int) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(*error.args) from error
    if len(raw) != size or _text(raw) != text:
        message = "size"
        raise ValueError(message)
    return raw
