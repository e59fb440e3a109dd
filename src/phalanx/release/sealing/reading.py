"""Opening one file: all of it, or the chunks that hold a range of it.

`decrypt_into` writes before it has verified the tag: what lies in the buffer is used only after
it returned, and is overwritten if it did not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from cryptography.exceptions import InvalidTag

from phalanx.errors import VerificationError
from phalanx.release.sealing.file_keys import FileKeys, verified_keys
from phalanx.release.sealing.hashing import Hash
from phalanx.release.sealing.header import FIXED_BYTES, MOST_HEADER_BYTES, Header, parse_header
from phalanx.release.sealing.suite import CHUNK_BYTES, TAG_BYTES, chunk_count, nonce
from phalanx.release.sealing.writing import Buffers, open_plain, read_into, write_all


@dataclass(frozen=True, slots=True, eq=False)
class SealedFile:
    """A sealed file whose header and key were verified; its chunks are, as they are read."""

    file: FileIO
    header: Header
    keys: FileKeys
    where: str
    """What messages call it."""

    def chunks(self, buffers: Buffers, first: int = 0, beyond: int | None = None) -> Iterator[int]:
        """Decrypt chunks into `buffers.plain`, one at a time, and yield how long each is.

        Parameters:
            buffers: Of which `plain` holds a chunk until the next one is asked for.
            first: Number of the first chunk.
            beyond: Number of the first that is not wanted; null takes all to the end.

        Raises:
            VerificationError: If a chunk is not as it was sealed.
        """
        start = self.header.as_bytes()
        last = chunk_count(self.header.content_bytes) - 1
        self.file.seek(len(start) + first * (CHUNK_BYTES + TAG_BYTES))
        for chunk in range(first, last + 1 if beyond is None else beyond):
            size = min(CHUNK_BYTES, self.header.content_bytes - chunk * CHUNK_BYTES)
            sealed = buffers.sealed[: size + TAG_BYTES]
            is_whole = read_into(self.file, sealed) == len(sealed)
            at = nonce(self.keys.nonce_prefix, chunk, is_last=chunk == last)
            if not (is_whole and self._decrypted(at, sealed, start, buffers.plain[:size])):
                buffers.plain[:size] = bytes(size)
                message = f"{self.where}: chunk {chunk:,} is not as it was sealed"
                raise VerificationError(message, next_step="Fetch the file again.")
            yield size

    def _decrypted(self, at: bytes, sealed: memoryview, start: bytes, plain: memoryview) -> bool:
        try:
            self.keys.cipher.decrypt_into(at, sealed, start, plain)
        except InvalidTag:
            return False
        return True

    def write_to(self, target: FileIO, digest: Hash, buffers: Buffers) -> None:
        """Decrypt all of it into a file, and hash it on the way; it is on the disk in the end.

        Parameters:
            target: New file, opened without a buffer.
            digest: Takes the content.
            buffers: That are used again and again.

        Raises:
            VerificationError: If a chunk is not as it was sealed; then the target is to be thrown
                away.
        """
        for size in self.chunks(buffers):
            digest.update(buffers.plain[:size])
            write_all(target, buffers.plain[:size])
        os.fsync(target.fileno())

    def read(self, start: int, size: int, buffers: Buffers) -> bytes:
        """Return a range of the content; only the chunks that hold it are read.

        Parameters:
            start: First byte.
            size: Bytes, all within the content.
            buffers: That are used again and again.

        Raises:
            VerificationError: If one of these chunks is not as it was sealed.
            ValueError: If the range lies outside of the content.
        """
        if start < 0 or size < 0 or start + size > self.header.content_bytes:
            message = f"bytes {start:,} to {start + size:,} of {self.header.content_bytes:,}"
            raise ValueError(message)
        found = bytearray()
        first, beyond = start // CHUNK_BYTES, chunk_count(start + size)
        skip = start - first * CHUNK_BYTES
        for got in self.chunks(buffers, first, max(beyond, first)):
            found += buffers.plain[skip : min(got, skip + size - len(found))]
            skip = 0
        return bytes(found)


@contextmanager
def sealed_file(path: Path, content_key: bytes) -> Iterator[SealedFile]:
    """Open a sealed file and verify its header.

    Parameters:
        path: Of the sealed file.
        content_key: 32 bytes of this copy of the model.

    Raises:
        InputError: If there is no such file.
        VerificationError: If it is no sealed file, was cut off, or is sealed under another key.
    """
    with open_plain(path) as file:
        header = read_header(file, str(path))
        yield SealedFile(file, header, verified_keys(content_key, header, str(path)), str(path))


def read_header(file: FileIO, where: str) -> Header:
    """Read the header of a sealed file, which nothing authenticates yet.

    Raises:
        VerificationError: If it is no sealed file, or was cut off.
    """
    size = os.fstat(file.fileno()).st_size
    start = memoryview(bytearray(MOST_HEADER_BYTES))
    file.seek(0)
    got = read_into(file, start)
    return parse_header(bytes(start[:got]), size, where)


def header_bytes(header: Header) -> int:
    """Return where the chunks of a file begin."""
    return FIXED_BYTES + len(header.name.encode())
