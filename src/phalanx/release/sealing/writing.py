"""Sealing one file: it is read once, and each piece is hashed and encrypted while it is at hand.

A chunk of the format is larger than the cache that a core has for itself. It is taken in pieces
that are not: each is read, hashed, encrypted and written before the next one is read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import AEADDecryptionContext, AEADEncryptionContext

from phalanx.errors import InputError, reason_of
from phalanx.release.sealing.file_keys import FileKeys, committed
from phalanx.release.sealing.hashing import Hash
from phalanx.release.sealing.header import Header
from phalanx.release.sealing.streams import Source, Target, read_into, size_of, write_all
from phalanx.release.sealing.suite import (
    CHUNK_BYTES,
    DIGEST_BYTES,
    chunk_count,
)

PIECE_BYTES = 256 << 10
"""Read at once. It is no part of the format; from 128 to 256 KiB were quickest."""

_BLOCK_BYTES = 16  # of AES: what a cipher may hold back, and so writes more at another time

Randomness = Callable[[int], bytes]
"""Gives so many random bytes, such as `secrets.token_bytes`."""


class Buffers:
    """What pieces are read into and sealed into, made once for all files: half a MiB."""

    def __init__(self) -> None:
        """Reserve them."""
        self._plain = memoryview(bytearray(PIECE_BYTES + _BLOCK_BYTES))
        self._sealed = memoryview(bytearray(PIECE_BYTES + _BLOCK_BYTES))
        self.plain = self._plain[:PIECE_BYTES]
        self.sealed = self._sealed[:PIECE_BYTES]

    def encrypt(self, context: AEADEncryptionContext, size: int) -> memoryview:
        """Encrypt what stands in `plain`, and return it as it stands in `sealed`."""
        return self._sealed[: context.update_into(self.plain[:size], self._sealed)]

    def decrypt(self, context: AEADDecryptionContext, size: int) -> memoryview:
        """Decrypt what stands in `sealed`, and return it as it stands in `plain`."""
        return self._plain[: context.update_into(self.sealed[:size], self._plain)]

    def wipe(self) -> None:
        """Forget what was decrypted last."""
        self._plain[:] = bytes(len(self._plain))


def seal_file(  # noqa: PLR0913 - what a sealed file is made of
    source: Source,
    target: Target,
    *,
    name: str,
    content_key: bytes,
    grant: bytes,
    random: Randomness,
    digest: Hash | None,
    buffers: Buffers,
) -> Header:
    """Seal a file, and hash what is in it on the way.

    Every call takes a new salt, and so a new key: a file that is begun again after a break is
    never encrypted under nonces that were used.

    Parameters:
        source: That is read once, from its beginning.
        target: New file; whoever opened it sees to it that it is on a disk.
        name: Of the file in its release.
        content_key: 32 bytes of this copy of the model.
        grant: SHA-256 of the grant's payload.
        random: For the salt.
        digest: Takes the content; null where its digest is known.
        buffers: That are used again and again.

    Raises:
        InputError: If the source changes its length meanwhile.
        OSError: If it cannot be read, or the target not be written.
    """
    length = size_of(source)
    header, keys = committed(
        content_key,
        Header(
            name=name,
            content_bytes=length,
            salt=random(DIGEST_BYTES),
            grant=grant,
            commitment=bytes(DIGEST_BYTES),
        ),
    )
    start = header.as_bytes()
    write_all(target, memoryview(start))
    _seal_chunks(source, target, header, keys, digest, buffers)
    return header


def _seal_chunks(  # noqa: PLR0913, PLR0917 - as above
    source: Source,
    target: Target,
    header: Header,
    keys: FileKeys,
    digest: Hash | None,
    buffers: Buffers,
) -> None:
    start, left = header.as_bytes(), header.content_bytes
    last = chunk_count(left) - 1
    for chunk in range(last + 1):
        context = keys.sealing(chunk, start, is_last=chunk == last)
        for size in pieces_of(min(left, CHUNK_BYTES)):
            plain = buffers.plain[:size]
            if read_into(source, plain) < size:
                raise _changed(header.name)
            if digest is not None:
                digest.update(plain)
            write_all(target, buffers.encrypt(context, size))
            left -= size
        context.finalize()
        write_all(target, memoryview(context.tag))
    if source.read(1):
        raise _changed(header.name)


def pieces_of(size: int) -> Iterator[int]:
    """Yield the sizes of pieces that make up so many bytes.

    Examples:
        >>> list(pieces_of(PIECE_BYTES + 5)), list(pieces_of(0))
        ([262144, 5], [])
    """
    for at in range(0, size, PIECE_BYTES):
        yield min(PIECE_BYTES, size - at)


def sync_folder(folder: Path) -> None:
    """Make what was named in a folder last, as `fsync` of a file does for its content."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_plain(path: Path) -> FileIO:
    """Open a regular file for reading, without a buffer and without following a link.

    Raises:
        InputError: If it is none, or cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        message = f"{path} cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Pass regular files that may be read.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        message = f"{path} is no regular file"
        raise InputError(message, next_step="Pass regular files.")
    return FileIO(descriptor, "rb")


def _changed(name: str) -> InputError:
    message = f"{name!r} changed its length while it was sealed"
    return InputError(message, next_step="Seal files that nobody is writing.")
