"""Files of a repository of roots: read, written whole, and by one process at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from phalanx.errors import InputError, reason_of
from phalanx.owned import OWNER_ONLY, written_whole


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process writes into a repository.

    Raises:
        InputError: If there is none.
    """
    try:
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    except OSError as error:
        message = f"{folder}: is no repository of roots: {reason_of(error)}"
        raise InputError(message, next_step="Make one: phalanx release roots init") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def read_file(path: Path) -> bytes:
    """Return a file.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name the folder of the roots.") from error


def write_file(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all; it is on the disk then.

    Raises:
        InputError: If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with written_whole(path) as aside, aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        message = f"{path}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Mend it, and try again.") from error
