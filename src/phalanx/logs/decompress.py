"""Stream a file, decompressing gzip, Zstandard, bzip2 and LZ4, with a bound on growth."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from phalanx.errors import InputError

MAXIMUM_EXPANSION = 400
"""A log that shrank more than this when it was compressed is taken for a bomb."""

HARMLESS_BYTES = 256 << 20
"""Up to here a file may expand as it likes."""

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bz2",
    b"\x04\x22\x4d\x18": "lz4",
}
_PACKED_OTHERWISE = {b"PK\x03\x04": "zip", b"\xfd7zXZ": "xz", b"7z\xbc\xaf": "7z"}


class DecompressionError(Exception):
    """Compressed data are damaged or end early; what came before is good."""


def compression_of(start: bytes) -> str | None:
    r"""Return the compression of a file that begins so, or null.

    Examples:
        >>> compression_of(b"\x1f\x8b\x08\x00"), compression_of(b"PAR1")
        ('gzip', None)
    """
    return next((name for magic, name in _MAGIC.items() if start.startswith(magic)), None)


def decompressed(path: Path, *, piece_bytes: int) -> Iterator[bytes]:
    """Yield the decompressed content of a file in pieces.

    Parameters:
        path: File to read.
        piece_bytes: Largest piece, at least 1.

    Raises:
        InputError: If the file is packed in a way that is not read, or is a bomb.
        DecompressionError: After the last good piece, if the data are damaged.
    """
    with path.open("rb") as file:
        start = file.read(8)
    for magic, name in _PACKED_OTHERWISE.items():
        if start.startswith(magic):
            message = f"{path}: is a {name} archive, which is not read"
            raise InputError(message, next_step="Unpack it and name the files inside.")
    compression = compression_of(start)
    if compression is None:
        yield from _plain(path, piece_bytes)
        return
    pieces = (
        _gunzipped(path, piece_bytes)
        if compression == "gzip"
        else _by_arrow(path, compression, piece_bytes)
    )
    compressed_bytes = path.stat().st_size
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > HARMLESS_BYTES and total > MAXIMUM_EXPANSION * compressed_bytes:
            message = (
                f"{path}: expands to more than {MAXIMUM_EXPANSION} times its size, "
                "like a decompression bomb"
            )
            raise InputError(message, next_step="If you trust it, unpack it and name the result.")
        yield piece


def _plain(path: Path, piece_bytes: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while piece := file.read(piece_bytes):
            yield piece


def _gunzipped(path: Path, piece_bytes: int) -> Iterator[bytes]:
    """Decompress gzip, one member after the other, handing out all that can be had."""
    with path.open("rb") as file:
        engine = zlib.decompressobj(wbits=31)
        data = b""
        while data or (data := file.read(1 << 16)):
            try:
                piece = engine.decompress(data, piece_bytes)
            except zlib.error as error:
                message = "the compressed data are damaged"
                raise DecompressionError(message) from error
            if piece:
                yield piece
            data = engine.unconsumed_tail
            if engine.eof:
                # Zero bytes may pad the end; anything else is the next member.
                data = (engine.unused_data or file.read(1 << 16)).lstrip(b"\0")
                if data:
                    engine = zlib.decompressobj(wbits=31)
        if not engine.eof:
            message = "the compressed data end early"
            raise DecompressionError(message)


def _by_arrow(path: Path, compression: str, piece_bytes: int) -> Iterator[bytes]:
    delivered = 0
    try:
        with pa.CompressedInputStream(pa.OSFile(str(path)), compression) as stream:
            while piece := stream.read(piece_bytes):
                delivered += len(piece)
                yield piece
    except (OSError, pa.ArrowException) as error:
        # Arrow drops what it had decompressed of the piece that failed.
        yield from _tail(path, compression, delivered)
        message = "the compressed data are damaged or end early"
        raise DecompressionError(message) from error


def _tail(path: Path, compression: str, skip: int) -> Iterator[bytes]:
    """Return what can still be had behind a number of bytes, by ever smaller steps."""
    for step in (1 << 12, 1):
        tail = b""
        with pa.CompressedInputStream(pa.OSFile(str(path)), compression) as stream:
            try:
                remaining = skip
                while remaining:
                    remaining -= len(stream.read(min(remaining, 1 << 20)))
                while piece := stream.read(step):
                    tail += piece
            except (OSError, pa.ArrowException):
                skip += len(tail)
        if tail:
            yield tail
