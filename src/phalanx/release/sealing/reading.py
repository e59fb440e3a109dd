"""Opening one file: all of it, or the chunks that hold a range of it.

A piece is at hand before the tag of its chunk was verified, since chunks are larger than the cache
of a core: whoever takes pieces uses nothing of them before the last one was verified.
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
from phalanx.release.sealing.streams import Source, read_into, size_of, write_all
from phalanx.release.sealing.suite import CHUNK_BYTES, TAG_BYTES, chunk_count
from phalanx.release.sealing.writing import Buffers, open_plain, pieces_of


@dataclass(frozen=True, slots=True, eq=False)
class SealedFile:
    """A sealed file whose header and key were verified; its chunks are, as they are read."""

    file: Source
    header: Header
    keys: FileKeys
    where: str
    """What messages call it."""

    def pieces(
        self, buffers: Buffers, first: int = 0, beyond: int | None = None
    ) -> Iterator[memoryview]:
        """Decrypt chunks, and yield their content piece by piece.

        The tag of a chunk is verified behind its last piece: **what was yielded may be used only
        when the iteration has ended**, as a file that is renamed then, or as a digest.

        Parameters:
            buffers: That hold a piece until the next one is asked for.
            first: Number of the first chunk.
            beyond: Number of the first that is not wanted; null takes all to the end.

        Raises:
            VerificationError: If a chunk is not as it was sealed.
        """
        start = self.header.as_bytes()
        last = chunk_count(self.header.content_bytes) - 1
        self.file.seek(len(start) + first * (CHUNK_BYTES + TAG_BYTES))
        for chunk in range(first, last + 1 if beyond is None else beyond):
            left = min(CHUNK_BYTES, self.header.content_bytes - chunk * CHUNK_BYTES)
            context = self.keys.opening(chunk, start, is_last=chunk == last)
            for size in pieces_of(left):
                if read_into(self.file, buffers.sealed[:size]) < size:
                    raise self._broken(chunk, buffers)
                yield buffers.decrypt(context, size)
            tag = buffers.sealed[:TAG_BYTES]
            try:
                # A tag that is cut off has another length, and is none.
                context.finalize_with_tag(bytes(tag[: read_into(self.file, tag)]))
            except (InvalidTag, ValueError) as error:
                raise self._broken(chunk, buffers) from error

    def _broken(self, chunk: int, buffers: Buffers) -> VerificationError:
        buffers.wipe()
        message = f"{self.where}: chunk {chunk:,} is not as it was sealed"
        return VerificationError(message, next_step="Fetch the file again.")

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
        for piece in self.pieces(buffers):
            digest.update(piece)
            write_all(target, piece)
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
        found = bytearray()
        for piece in self.range(start, size, buffers):
            found += piece
        return bytes(found)

    def range(self, start: int, size: int, buffers: Buffers) -> Iterator[memoryview]:
        """Yield a range of the content piece by piece, to be used as `pieces` says.

        Parameters:
            start: First byte.
            size: Bytes, all within the content.
            buffers: That are used again and again.

        Raises:
            VerificationError: If one of the chunks that hold it is not as it was sealed.
            ValueError: If the range lies outside of the content.
        """
        if start < 0 or size < 0 or start + size > self.header.content_bytes:
            message = f"bytes {start:,} to {start + size:,} of {self.header.content_bytes:,}"
            raise ValueError(message)
        chunks = chunks_of(start, size)
        skip, left = start - chunks.start * CHUNK_BYTES, size
        for piece in self.pieces(buffers, chunks.start, chunks.stop):
            wanted = piece[skip : skip + left]
            skip, left = max(0, skip - len(piece)), left - len(wanted)
            yield wanted


def chunks_of(start: int, size: int) -> range:
    """Return the numbers of the chunks that hold a range of a file's content.

    Examples:
        >>> chunks_of(CHUNK_BYTES - 1, 2), chunks_of(5, 0)
        (range(0, 2), range(0, 1))
    """
    first = start // CHUNK_BYTES
    return range(first, max(chunk_count(start + size), first))


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
        yield opened(file, content_key, str(path))


def opened(file: Source, content_key: bytes, where: str) -> SealedFile:
    """Return a sealed file whose header was verified.

    Parameters:
        file: That stays open as long as it is read.
        content_key: 32 bytes of this copy of the model.
        where: What messages call it.

    Raises:
        VerificationError: As `sealed_file`.
    """
    header = read_header(file, where)
    return SealedFile(file, header, verified_keys(content_key, header, where), where)


def read_header(file: Source, where: str) -> Header:
    """Read the header of a sealed file, which nothing authenticates yet.

    Raises:
        VerificationError: If it is no sealed file, or was cut off.
    """
    size = size_of(file)
    start = memoryview(bytearray(MOST_HEADER_BYTES))
    got = read_into(file, start)
    return parse_header(bytes(start[:got]), size, where)


def header_bytes(header: Header) -> int:
    """Return where the chunks of a file begin."""
    return FIXED_BYTES + len(header.name.encode())
