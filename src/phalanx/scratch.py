"""Folders for what a run puts aside, which no run leaves behind.

A run that ends, fails or is interrupted removes its folder. One that is killed cannot, and what
lies there may say who sent what: the next run removes it. A run locks a file in its folder, and
the lock ends with the process, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from phalanx.owned import OWNER_ONLY

PREFIX = "phalanx-run-"
_LOCK = "in-use"


@contextmanager
def scratch_folder(within: Path | None = None) -> Iterator[Path]:
    """Make a folder for its owner alone, and remove it in the end; those of killed runs at once.

    Parameters:
        within: Where it is made; null takes the machine's folder for temporary files.

    Raises:
        OSError: If no folder can be made there.

    Examples:
        >>> with scratch_folder() as scratch:
        ...     _ = (scratch / "rows").write_text("put aside")
        >>> scratch.exists()
        False
    """
    above = Path(tempfile.gettempdir()) if within is None else within
    _remove_abandoned(above)
    folder, lock = _locked_folder(above)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def _locked_folder(above: Path) -> tuple[Path, int]:
    """Make a folder and hold it; another one, where another run took it for abandoned meanwhile."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=above))
        lock = _lock(folder, os.O_CREAT)
        if lock is not None:
            return folder, lock


def _remove_abandoned(above: Path) -> None:
    """Remove this user's folders that no running process holds."""
    for folder in above.glob(f"{PREFIX}*"):
        # Another run may be removing the same one; what is not ours may not be opened.
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            lock = _lock(folder)
            if lock is None:
                folder.rmdir()  # which only succeeds with what was killed before it was held
            else:
                _remove(folder)
                os.close(lock)


def _remove(folder: Path) -> None:
    """Remove a folder that is held, its lock last: without one nothing may be in it."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _LOCK:
            path.unlink()
    (folder / _LOCK).unlink()
    with suppress(FileNotFoundError):
        folder.rmdir()


def _lock(folder: Path, flags: int = 0) -> int | None:
    """Hold a folder until the descriptor is closed; null where somebody else does or it is gone."""
    path = folder / _LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | flags, OWNER_ONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None
