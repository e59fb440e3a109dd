"""The bytes of one log file: decompressed, decoded to UTF-8, bounded.

Whatever a file is called, what it holds decides: compression by magic number, text
encoding by byte-order mark. A file that expands beyond reason is refused.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from phalanx.errors import InputError
from phalanx.logs.decompress import DecompressionError, compression_of, decompressed
from phalanx.scratch import scratch_folder

HEAD_BYTES = 256 << 10
"""How much of a file the readers are shown."""

_PIECE = 1 << 20
_START_BYTES = 4096
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class LogFile:
    r"""One input file.

    Examples:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     _ = file.write(b"\xef\xbb\xbftimestamp"), file.flush()
        ...     LogFile(Path(file.name)).head()
        b'timestamp'
    """

    path: Path
    """Where it is; a symbolic link is followed."""

    @property
    def name(self) -> str:
        """Path as given, for messages."""
        return str(self.path)

    def head(self) -> bytes:
        """Read the first bytes, decompressed and as UTF-8; fewer where they end early.

        They are not kept: a folder may hold thousands of files.
        """
        return _beginning(self._text(piece_bytes=HEAD_BYTES), HEAD_BYTES)

    def text_pieces(self) -> Iterator[bytes]:
        """Yield the whole file, decompressed, as UTF-8 without byte-order mark.

        Invalid UTF-8 in a file that declares nothing else passes as it is, for the
        reader to mend row by row.

        Raises:
            InputError: If the file expands like a decompression bomb.
            DecompressionError: If the compressed data end early or are damaged.
        """
        return self._text(piece_bytes=_PIECE)

    @contextmanager
    def open_binary(self) -> Iterator[pa.NativeFile]:
        """Open a file of a format that needs to jump, unpacked aside if it is compressed."""
        with self.path.open("rb") as raw:
            compressed = compression_of(raw.read(8)) is not None
        if not compressed:
            with pa.OSFile(self.name) as file:
                yield file
            return
        with scratch_folder() as scratch:
            unpacked = scratch / "unpacked"
            with unpacked.open("wb") as pieces:
                for piece in decompressed(self.path, piece_bytes=_PIECE):
                    pieces.write(piece)
            with pa.OSFile(str(unpacked)) as file:
                yield file

    def _text(self, *, piece_bytes: int) -> Iterator[bytes]:
        start = _beginning(decompressed(self.path, piece_bytes=_START_BYTES), _START_BYTES)
        encoding, mark = _encoding_of(start)
        pieces = decompressed(self.path, piece_bytes=piece_bytes)
        if encoding in ("utf-8", "binary"):
            yield from _without(mark, pieces)
            return
        decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        for piece in _without(mark, pieces):
            yield decoder.decode(piece).encode(errors="replace")
        yield decoder.decode(b"", final=True).encode(errors="replace")


def require_regular_file(path: Path) -> None:
    """Refuse what cannot be read twice or never ends.

    Raises:
        InputError: If the path is missing, a pipe, a socket or a device, or not readable.
    """
    try:
        regular = path.is_file()
        if regular:
            with path.open("rb"):
                return
        exists = path.exists()
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise InputError(message, next_step="Check its permissions.") from error
    if exists:
        message = f"{path}: is a pipe, a socket or a device, not a file"
        raise InputError(message, next_step="Write the log to a file and name that.")
    reason = "is a symbolic link to nothing" if path.is_symlink() else "does not exist"
    message = f"{path}: {reason}"
    raise InputError(message, next_step="Check the path.")


def _beginning(pieces: Iterator[bytes], wanted: int) -> bytes:
    start = b""
    try:
        for piece in pieces:
            start += piece
            if len(start) >= wanted:
                break
    except DecompressionError:
        # What can be had may still be a log; who reads on will meet the error again.
        if not start:
            raise
    return start[:wanted]


def _encoding_of(start: bytes) -> tuple[str, bytes]:
    """Return the encoding of a text that begins so, and its byte-order mark."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding, mark
    if start[:4] in (b"PAR1", b"ARRO", b"\xff\xff\xff\xff"):
        return "binary", b""
    # Text in UTF-16 without a mark: every second byte of its first characters is zero.
    sample = start[:64]
    if len(sample) >= 4 and not any(sample[1::2]) and all(sample[0::2]):
        return "utf-16-le", b""
    if len(sample) >= 4 and not any(sample[0::2]) and all(sample[1::2]):
        return "utf-16-be", b""
    return "utf-8", b""


def _without(mark: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    # A piece is never shorter than a mark unless the file is.
    first = next(pieces, b"")
    yield first[len(mark) :]
    yield from pieces
