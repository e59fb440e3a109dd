"""The extension point: a reader of one log format.

A reader is found through the entry-point group `phalanx.log_readers`. For every file all
readers are shown its first bytes, and the one that is surest reads it.
`phalanx.logs.contract` holds the tests that each reader must pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from phalanx.errors import ConfigError
from phalanx.logs.chunk import NativeChunk
from phalanx.logs.content import LogFile
from phalanx.logs.options import ReadOptions
from phalanx.logs.quality import Quality

ENTRY_POINTS = "phalanx.log_readers"


class LogReader(Protocol):
    """Reads one log format."""

    name: str
    """Short name of the format, for people."""

    def recognises(self, head: bytes) -> float:
        """Say how sure the reader is that it can read a file that begins so.

        Parameters:
            head: First bytes, decompressed; text is UTF-8 without byte-order mark.

        Returns:
            0 for "no" up to 1 for "certainly". A format that others extend answers 0.5.
        """
        ...

    def read(self, file: LogFile, options: ReadOptions, quality: Quality) -> Iterator[NativeChunk]:
        """Yield the rows of a file as native columns, in bounded memory.

        Rows that cannot be parsed go to `quality`; a file that cannot be read at all is
        an `InputError`.
        """
        ...


@cache
def readers() -> tuple[LogReader, ...]:
    """Return one of each installed reader, by name.

    Raises:
        ConfigError: If none is installed, or one cannot be loaded.

    Examples:
        >>> [reader.name for reader in readers()][:2]
        ['litellm', 'native']
    """
    points = sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
    if not points:
        message = "no log reader is installed"
        raise ConfigError(message, next_step="Install the package anew: pip install -e .")

    return tuple(_loaded(point) for point in points)


def _loaded(point: EntryPoint) -> LogReader:
    try:
        reader: LogReader = point.load()()
    except (ImportError, AttributeError, TypeError) as error:
        message = f"log reader {point.name} ({point.value}) cannot be loaded: {error}"
        raise ConfigError(message, next_step="Install its package anew, or remove it.") from error
    return reader


def reader_for(head: bytes, certainty: float = 0.0) -> LogReader | None:
    """Return the reader that is surest of a file, or null when none is sure enough.

    Parameters:
        head: First bytes of the file.
        certainty: How sure a reader must be at least, in [0, 1).

    Examples:
        >>> reader_for(bytes(range(200, 256))) is None
        True
    """
    sure = [(reader.recognises(head), reader) for reader in readers()]
    best, reader = max(sure, key=lambda pair: pair[0])
    return reader if best > certainty else None
