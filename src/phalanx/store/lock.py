"""One at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from phalanx.errors import InputError


@contextmanager
def locked(folder: Path, other: str = "another scan is using this store") -> Iterator[None]:
    """Hold a folder for this process; the system lets go of it however the process ends.

    Parameters:
        folder: That is held.
        other: What messages say of somebody else who holds it.

    Raises:
        InputError: If somebody else holds it.
    """
    with (folder / "lock").open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = f"{folder}: {other}"
            raise InputError(message, next_step="Wait until it is over, then repeat.") from error
        yield
