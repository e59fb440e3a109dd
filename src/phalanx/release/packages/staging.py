"""A folder that is whole or absent: it is made beside its place, under another name.

Whoever is killed leaves the folder under that other name, which nobody takes for the real one, and
the next run goes on in it. Two runs never work in it at once.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from phalanx.errors import InputError, reason_of


@contextmanager
def staging(target: Path, ending: str) -> Iterator[Path]:
    """Hand out the folder beside a place, for this process alone.

    Parameters:
        target: Where nothing may be yet.
        ending: Of the other name, such as `sealing`.

    Raises:
        InputError: If something is there, another process is at it, or it cannot be made.
    """
    aside = target.with_name(f".{target.name}.{ending}")
    _refuse_present(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(aside, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        message = f"{aside} cannot be made: {reason_of(error)}"
        raise InputError(message, next_step="Name another place.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who held the lock before may have moved the folder to its place meanwhile.
            is_ours = os.path.samestat(aside.stat(), os.fstat(descriptor))
        except (BlockingIOError, FileNotFoundError):
            is_ours = False
        if not is_ours:
            message = f"{target}: another process is making it"
            raise InputError(message, next_step="Wait for it, or name another place.")
        refuse_shared(aside, os.fstat(descriptor))
        _refuse_present(target)
        yield aside
    finally:
        os.close(descriptor)


def refuse_shared(aside: Path, status: os.stat_result) -> None:
    """Refuse a folder that somebody else has put there, to read or to write what is in it.

    Parameters:
        aside: The folder.
        status: Of it, and not of what a link leads to.

    Raises:
        InputError: If it is not of this user, or not for him alone.
    """
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        message = f"{aside}: is there, and is not for its owner alone"
        raise InputError(message, next_step="Remove it, or name another place.")


def _refuse_present(target: Path) -> None:
    if target.exists() or target.is_symlink():
        message = f"{target}: is there already"
        raise InputError(message, next_step="Name a folder that is not there yet.")
