"""Keys of signed notes: those that sign a text, and those that cosign a checkpoint.

References:
    C2SP signed-note (key ids, verifier keys, types 0x01); C2SP tlog-cosignature (types 0x04 and
    0x06).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from phalanx.errors import VerificationError
from phalanx.transparency.base64_text import from_base64, to_base64

NOTE, COSIGNATURE, LATTICE_COSIGNATURE = 1, 4, 6
"""Types: Ed25519 over the text; Ed25519 and ML-DSA-44 over the text with a time."""

MOST_NAME_BYTES = 255
_SIZES: Mapping[int, int] = MappingProxyType({NOTE: 32, COSIGNATURE: 32, LATTICE_COSIGNATURE: 1312})
_FORM = re.compile(r"([^\s+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,2000})")
_MOST_TIME = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteKey:
    """A public key of notes."""

    name: str
    kind: int
    """`NOTE`, `COSIGNATURE` or `LATTICE_COSIGNATURE`."""

    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes by which signatures name it."""
        said = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(said).digest()[:4]

    def as_text(self) -> str:
        """Return the key as people hand it on, a verifier key of `signed-note`."""
        return f"{self.name}+{self.id.hex()}+{to_base64(bytes([self.kind]) + self.public)}"

    def verifies(self, signature: bytes, text: str) -> int | None:
        """Return when a text was signed by this key, if it was.

        Parameters:
            signature: Without the key's id.
            text: Of the note.

        Returns:
            Seconds since 1970; 0 for a signature without a time; null if it does not hold.
        """
        time = 0
        if self.kind != NOTE:
            time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            if time > _MOST_TIME:
                return None
        said = message_of(self.kind, self.name, text, time)
        if said is None:
            return None
        try:
            if self.kind == LATTICE_COSIGNATURE:
                MLDSA44PublicKey.from_public_bytes(self.public).verify(signature, said)
            else:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature, said)
        except (InvalidSignature, ValueError):
            return None
        return time


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSigner:
    """A private key of notes."""

    name: str
    key: Ed25519PrivateKey | MLDSA44PrivateKey
    is_witness: bool = False
    """Whether it cosigns with a time; ML-DSA-44 always does."""

    @property
    def public(self) -> NoteKey:
        """What others know it by."""
        kind = COSIGNATURE if self.is_witness else NOTE
        if isinstance(self.key, MLDSA44PrivateKey):
            kind = LATTICE_COSIGNATURE
        return NoteKey(name=self.name, kind=kind, public=self.key.public_key().public_bytes_raw())

    def sign(self, text: str, time: int) -> bytes:
        """Return a signature, with its time where its kind has one.

        Parameters:
            text: Of a note; of a checkpoint for what has a time.
            time: Seconds since 1970.

        Raises:
            ValueError: If a time is to be signed, and the text is no checkpoint.
        """
        kind = self.public.kind
        said = message_of(kind, self.name, text, time)
        if said is None:
            message = "only a checkpoint is cosigned"
            raise ValueError(message)
        stamp = b"" if kind == NOTE else time.to_bytes(8, "big")
        return stamp + self.key.sign(said)


def read_key(text: str) -> NoteKey:
    """Understand a verifier key.

    Raises:
        VerificationError: If it is none, or of a kind that is not known.

    Examples:
        >>> key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        >>> read_key(key).as_text() == key
        True
    """
    form = _FORM.fullmatch(text)
    raw = from_base64(form[3]) if form else None
    is_named = form is not None and is_key_name(form[1])
    if form is None or not is_named or not raw or _SIZES.get(raw[0]) != len(raw) - 1:
        message = f"{text[:80]!r} is no verifier key that is known"
        raise VerificationError(message, next_step="Take it from whoever signs.")
    found = NoteKey(name=form[1], kind=raw[0], public=raw[1:])
    if found.id.hex() != form[2]:
        message = f"the verifier key of {form[1][:80]} does not fit its own id"
        raise VerificationError(message, next_step="Take it from whoever signs.")
    return found


def is_key_name(name: str) -> bool:
    """Tell whether a name can be that of a key: no space in it, and no plus.

    Examples:
        >>> is_key_name("lab.example/log"), is_key_name("two words"), is_key_name("a+b")
        (True, False, False)
    """
    return (
        0 < len(name.encode(errors="replace")) <= MOST_NAME_BYTES
        and name.isprintable()
        and "+" not in name
        and not any(each.isspace() for each in name)
    )


def message_of(kind: int, name: str, text: str, time: int) -> bytes | None:
    """Return what a key signs, or nothing where a text is no checkpoint and has to be one."""
    if kind == NOTE:
        return text.encode()
    lines = text.split("\n")
    root = from_base64(lines[2]) if len(lines) >= 4 and lines[1].isdecimal() else None
    if root is None or len(root) != 32:
        return None
    if kind == COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    origin = lines[0].encode()
    return (
        b"subtree/v1\n\0"
        + bytes([len(name.encode())])
        + name.encode()
        + time.to_bytes(8, "big")
        + bytes([len(origin)])
        + origin
        + bytes(8)
        + int(lines[1]).to_bytes(8, "big")
        + root
    )
