"""Files of a driver of fsspec, whose errors are told in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from phalanx.errors import InputError, PhalanxError, ServiceError, reason_of
from phalanx.release.sealing.streams import Source

_AHEAD_BYTES = 2 << 20  # fetched at once where much is read: more of them than a chunk would wait
_NEXT = "Check the URL, the driver's settings, and whether the store answers; then run it again."


class Guarded:
    """A file of a driver, whose own kinds of errors are told in our words."""

    def __init__(self, file: Any, where: str) -> None:  # noqa: ANN401 - of a library without types
        """Guard a file that the driver has opened."""
        self._file, self._where = file, where

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer as far as it goes."""
        with answering(self._where):
            return int(self._file.readinto(buffer))

    def read(self, size: int = -1, /) -> bytes:
        """Return at most so many bytes."""
        with answering(self._where):
            return bytes(self._file.read(size))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go elsewhere."""
        with answering(self._where):
            return int(self._file.seek(offset, whence))

    def write(self, data: memoryview, /) -> int:
        """Take bytes."""
        with answering(self._where):
            return int(self._file.write(data))


@contextmanager
def reading(driver: Any, key: str, where: str, *, is_short: bool) -> Iterator[Source]:  # noqa: ANN401 - as above
    """Open a file for reading.

    Parameters:
        driver: Of fsspec.
        key: How it names the file.
        where: What messages call it.
        is_short: Whether only a few bytes of it will be read.

    Raises:
        InputError: If there is none.
        ServiceError: If the store does not answer.
    """
    with answering(where):
        cache = {"cache_type": "none"} if is_short else {"cache_type": "readahead"}
        file = driver.open(key, "rb", block_size=_AHEAD_BYTES, **cache)
    try:
        yield Guarded(file, where)
    finally:
        file.close()


@contextmanager
def answering(where: str) -> Iterator[None]:
    """Say in our words what a driver raises: each has its own kinds of errors."""
    try:
        yield
    except PhalanxError:
        raise
    except FileNotFoundError as error:
        message = f"{where} is missing"
        raise InputError(message, next_step=_NEXT) from error
    except Exception as error:
        message = f"{where}: the store did not do it: {reason_of(error)}"
        raise ServiceError(message, next_step=_NEXT) from error
