"""What bytes are read from and written to: a file of this machine, or one behind a URL."""

from __future__ import annotations

from typing import Protocol


class Source(Protocol):
    """Open for reading, without a buffer of its own or with one."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill a buffer as far as it goes; none are at the end."""
        ...

    def read(self, size: int = -1, /) -> bytes | None:
        """Return at most so many bytes."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go elsewhere, and return where that is."""
        ...


class Target(Protocol):
    """Open for writing."""

    def write(self, data: memoryview, /) -> int | None:
        """Take bytes, and return how many of them."""
        ...


def size_of(source: Source) -> int:
    """Return how many bytes there are, and go to the first."""
    size = source.seek(0, 2)
    source.seek(0)
    return size


def read_into(source: Source, target: memoryview) -> int:
    """Fill a buffer, and return how much of it could be filled before the file ended."""
    filled = 0
    while filled < len(target) and (got := source.readinto(target[filled:])):
        filled += got
    return filled


def write_all(target: Target, data: memoryview) -> None:
    """Write all bytes, however many are taken at a time."""
    while data:
        data = data[target.write(data) or 0 :]
