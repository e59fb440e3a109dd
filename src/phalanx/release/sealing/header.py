"""The header of a sealed file: fixed fields, then the name.

    offset  bytes
         0      8   `PHXFILE1`
         8      2   suite
        10      2   length of the name, in bytes
        12      8   length of the content, in bytes
        20      8   number of chunks, which follows from the length
        28     32   salt of this file
        60     32   digest of the grant
        92     32   commitment to the key
       124      N   name, UTF-8

Numbers are big-endian. The header is not secret. It is authenticated with every chunk, and all of
it but the commitment goes into the key: no byte of it can be another one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NoReturn

from phalanx.errors import VerificationError
from phalanx.release.names import MOST_NAME_BYTES, refuse_unsafe
from phalanx.release.sealing.suite import (
    DIGEST_BYTES,
    MOST_CONTENT_BYTES,
    SUITE,
    chunk_count,
    sealed_bytes,
)

MAGIC = b"PHXFILE1"
FIXED_BYTES = 124
MOST_HEADER_BYTES = FIXED_BYTES + MOST_NAME_BYTES
_FIXED = struct.Struct(">8sHHQQ32s32s32s")
_NEXT = "Fetch the file again; if it stays so, ask the sender to seal it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What everybody may read of a sealed file, and nobody may change."""

    name: str
    """Of the file in its release, such as `model-00001-of-00002.safetensors`."""

    content_bytes: int
    salt: bytes
    """32 random bytes of this file."""

    grant: bytes
    """SHA-256 of the payload of the grant that it was sealed under."""

    commitment: bytes
    """32 bytes that commit to the key."""

    @property
    def bound(self) -> bytes:
        """Everything but the commitment, as it goes into the key."""
        whole = self.as_bytes()
        return whole[: FIXED_BYTES - DIGEST_BYTES] + whole[FIXED_BYTES:]

    def as_bytes(self) -> bytes:
        """Return the header as it stands in the file."""
        name = self.name.encode()
        fixed = _FIXED.pack(
            MAGIC,
            SUITE,
            len(name),
            self.content_bytes,
            chunk_count(self.content_bytes),
            self.salt,
            self.grant,
            self.commitment,
        )
        return fixed + name

    @property
    def file_bytes(self) -> int:
        """Size of the whole sealed file."""
        return FIXED_BYTES + len(self.name.encode()) + sealed_bytes(self.content_bytes)


def parse_header(start: bytes, file_bytes: int, where: str) -> Header:
    """Understand the header of a sealed file.

    Parameters:
        start: The file's first bytes: at least its header, or all that there is.
        file_bytes: Size of the file.
        where: What messages call it.

    Raises:
        VerificationError: If it is no sealed file, is of a later version, or any length in it is
            not that of the file.
    """
    if not start.startswith(MAGIC[:-1]):
        _refuse(where, "is no sealed file")
    if not start.startswith(MAGIC):
        message = f"{where} was sealed by another version of Phalanx"
        raise VerificationError(message, next_step="Update Phalanx.")
    if len(start) < FIXED_BYTES:
        _refuse(where, "is cut off within its header")
    _, suite, name_bytes, content_bytes, chunks, salt, grant, commitment = _FIXED.unpack_from(start)
    if suite != SUITE:
        message = f"{where} was sealed with suite {suite}; this version knows suite {SUITE}"
        raise VerificationError(message, next_step="Update Phalanx.")
    if not 1 <= name_bytes <= MOST_NAME_BYTES or len(start) < FIXED_BYTES + name_bytes:
        _refuse(where, f"says that its name has {name_bytes:,} bytes")
    try:
        name = start[FIXED_BYTES : FIXED_BYTES + name_bytes].decode()
    except UnicodeDecodeError:
        _refuse(where, "has a name that is no text")
    refuse_unsafe(name)
    if content_bytes > MOST_CONTENT_BYTES or chunks != chunk_count(content_bytes):
        _refuse(where, f"says that it has {content_bytes:,} bytes in {chunks:,} chunks")
    header = Header(
        name=name,
        content_bytes=content_bytes,
        salt=salt,
        grant=grant,
        commitment=commitment,
    )
    if header.file_bytes != file_bytes:
        _refuse(where, f"has {file_bytes:,} bytes, and its header promises {header.file_bytes:,}")
    return header


def _refuse(where: str, what: str) -> NoReturn:
    message = f"{where} {what}"
    raise VerificationError(message, next_step=_NEXT)
