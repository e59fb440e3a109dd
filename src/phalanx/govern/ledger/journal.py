"""The events of a ledger with their salts, in bundles of 256 as those of its log.

A bundle is a file of lines that only the owner reads. It is replaced as a whole while it grows, and
never changed once it is full. How many lines of it count is for the log to say: what was written
before a break is written again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.govern.ledger.payload import MOST_BYTES, canonical, event_of
from phalanx.model.event import Event
from phalanx.owned import read_owned, written_whole
from phalanx.transparency.salted import SALT_BYTES
from phalanx.transparency.tiles import WIDTH, tile_path

_MOST_BUNDLE_BYTES = WIDTH * (MOST_BYTES + 256)


@dataclass(frozen=True, slots=True)
class Line:
    """An event as it is kept."""

    event: Event
    salt: bytes

    def as_bytes(self, payload: bytes) -> bytes:
        """Return the line, given the payload of its event."""
        return b'{"event":' + payload + b',"salt":"' + self.salt.hex().encode() + b'"}\n'


@dataclass(frozen=True, slots=True)
class Journal:
    """Bundles in a folder."""

    folder: Path

    def raw_lines(self, start: int, size: int) -> Iterator[bytes]:
        """Yield lines from a start to the end of a journal of so many events, as they are kept.

        Raises:
            ConfigError: If a bundle cannot be read, or others may read it.
            VerificationError: If it has too few lines.
        """
        for number in range(start // WIDTH, -(-size // WIDTH)):
            yield from self._bundle(number, size)[max(0, start - number * WIDTH) :]

    def lines(self, start: int, size: int) -> Iterator[Line]:
        """Yield the same, understood.

        Raises:
            ConfigError: As `raw_lines`.
            VerificationError: As `raw_lines`, or if a line holds no event.
        """
        for offset, raw in enumerate(self.raw_lines(start, size)):
            yield parsed_line(raw, f"event {start + offset:,} of the ledger")

    def write(self, size: int, new: Sequence[bytes]) -> None:
        """Put lines behind those of a journal of so many events. They are on the disk then.

        Raises:
            InputError: If they cannot be written.
            ConfigError: If the bundle that grows cannot be read.
        """
        number, kept = divmod(size, WIDTH)
        lines = [*(self._bundle(number, size) if kept else []), *new]
        try:
            folders = set()
            for start in range(0, len(lines), WIDTH):
                path = self._path(number + start // WIDTH)
                with written_whole(path) as aside, aside.open("wb") as file:
                    file.writelines(lines[start : start + WIDTH])
                    file.flush()
                    os.fsync(file.fileno())
                folders.add(path.parent)
            for folder in folders:
                _sync(folder)
        except OSError as error:
            message = f"{self.folder}: events cannot be written: {reason_of(error)}"
            raise InputError(message, next_step="Mend it, and try again.") from error

    def _bundle(self, number: int, size: int) -> list[bytes]:
        wanted = min(WIDTH, size - number * WIDTH)
        content = read_owned(self._path(number), "events of a ledger", _MOST_BUNDLE_BYTES)
        lines = content.splitlines(keepends=True)
        whole = sum(line.endswith(b"\n") for line in lines)
        if whole < wanted:
            message = f"{self._path(number)}: has {whole} events, and should have {wanted}"
            raise VerificationError(message, next_step="Bring the ledger back from a backup.")
        return lines[:wanted]

    def _path(self, number: int) -> Path:
        return self.folder / tile_path(None, number).removeprefix("tile/entries/")


def parsed_line(raw: bytes, what: str) -> Line:
    """Understand a line.

    Parameters:
        raw: As it is kept.
        what: What messages call it.

    Raises:
        VerificationError: If it holds no event and salt, or not as they are written.
    """
    message = f"{what} cannot be understood"
    try:
        said = json.loads(raw)
        line = Line(event_of(said["event"], what), bytes.fromhex(said["salt"]))
        kept = canonical(said)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise VerificationError(message, next_step="Bring it back from a backup.") from error
    if len(line.salt) != SALT_BYTES or kept + b"\n" != raw:
        raise VerificationError(message, next_step="Bring it back from a backup.")
    return line


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
