"""The key of one file, and the commitment to it.

AES-GCM alone commits to no key: one ciphertext can be made that opens to two contents under two
keys, so that two recipients would hold different models by one file. Here the key comes out of
HKDF together with 32 further bytes, which stand in the header. To find two keys with the same
bytes is to find a collision of SHA-256.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import (
    AEADDecryptionContext,
    AEADEncryptionContext,
    Cipher,
)
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from phalanx.errors import VerificationError
from phalanx.release.sealing.header import Header
from phalanx.release.sealing.suite import DIGEST_BYTES, KEY_BYTES, NONCE_PREFIX_BYTES, nonce

_INFO = b"phalanx release file v1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKeys:
    """What seals and opens one file."""

    key: bytes = field(repr=False)
    """32 bytes of AES-256-GCM."""

    nonce_prefix: bytes = field(repr=False)
    """7 bytes with which the nonces of its chunks begin."""

    commitment: bytes
    """32 bytes that stand in the header."""

    def sealing(self, chunk: int, header: bytes, *, is_last: bool) -> AEADEncryptionContext:
        """Return what encrypts a chunk, piece by piece."""
        context = self._cipher(chunk, is_last=is_last).encryptor()
        context.authenticate_additional_data(header)
        return context

    def opening(self, chunk: int, header: bytes, *, is_last: bool) -> AEADDecryptionContext:
        """Return what decrypts a chunk; what it gives is worth nothing before its tag was."""
        context = self._cipher(chunk, is_last=is_last).decryptor()
        context.authenticate_additional_data(header)
        return context

    def _cipher(self, chunk: int, *, is_last: bool) -> Cipher[GCM]:
        return Cipher(AES256(self.key), GCM(nonce(self.nonce_prefix, chunk, is_last=is_last)))


def derive(content_key: bytes, header: Header) -> FileKeys:
    """Return the keys of a file.

    Parameters:
        content_key: 32 random bytes of this copy of the model.
        header: Of the file; its commitment takes no part.

    References:
        RFC 5869 (HKDF); Albertini et al., "How to abuse and fix authenticated encryption without
        key commitment", USENIX Security 2022.
    """
    if len(content_key) != KEY_BYTES:
        message = f"a content key has {KEY_BYTES} bytes"
        raise ValueError(message)
    size = KEY_BYTES + DIGEST_BYTES + NONCE_PREFIX_BYTES
    made = HKDF(hashes.SHA256(), size, salt=header.salt, info=_INFO + header.bound).derive(
        content_key
    )
    return FileKeys(
        key=made[:KEY_BYTES],
        nonce_prefix=made[KEY_BYTES + DIGEST_BYTES :],
        commitment=made[KEY_BYTES : KEY_BYTES + DIGEST_BYTES],
    )


def committed(content_key: bytes, header: Header) -> tuple[Header, FileKeys]:
    """Return a header with the commitment that belongs to it, and the keys."""
    keys = derive(content_key, header)
    return replace(header, commitment=keys.commitment), keys


def verified_keys(content_key: bytes, header: Header, where: str) -> FileKeys:
    """Return the keys of a file whose header is as it was written, for this key.

    Raises:
        VerificationError: If the header commits to another key, or a byte of it was changed.
    """
    keys = derive(content_key, header)
    if not hmac.compare_digest(keys.commitment, header.commitment):
        message = f"{where}: its header was changed, or it was sealed under another key or grant"
        raise VerificationError(message, next_step="Ask the sender for the release again.")
    return keys
