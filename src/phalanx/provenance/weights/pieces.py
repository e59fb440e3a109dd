"""Pieces of a file at known places.

A file is read, not mapped: a mapped file that shrinks while it is read ends the process with a
signal, where a short read is an error with a name; and what was read once does not count as memory
of this process.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from phalanx.errors import InputError, reason_of
from phalanx.provenance.weights.numbers import Bytes


def read_piece(path: Path, start: int, size: int) -> Bytes:
    """Return `size` bytes of a file from `start` on.

    Raises:
        InputError: If the file cannot be read, or ends before.
    """
    data = np.empty(size, dtype=np.uint8)
    view = memoryview(data.data)
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(start)
            while view and (got := file.readinto(view)):
                view = view[got:]
    except OSError as error:
        message = f"{path} cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Pass files that this account may read.") from error
    if view:
        message = f"{path} ends {len(view):,} bytes before what its header promises"
        raise InputError(message, next_step="Fetch the file again: it is cut short.")
    return data


def file_size(path: Path) -> int:
    """Return the bytes of a file.

    Raises:
        InputError: If it is not there, or no regular file.
    """
    try:
        size = path.stat().st_size
        regular = path.is_file()
    except OSError as error:
        message = f"{path} cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Pass the folder or file of a model.") from error
    if not regular:
        message = f"{path} is no regular file"
        raise InputError(message, next_step="Pass the folder or file of a model.")
    return size
