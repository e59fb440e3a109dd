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
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=above))
    # Locked before it bears its name: without the name nobody takes the folder for abandoned.
    lock, unnamed = tempfile.mkstemp(dir=folder)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Path(unnamed).rename(folder / _LOCK)
        yield folder
    finally:
        shutil.rmtree(folder)
        os.close(lock)


def _remove_abandoned(above: Path) -> None:
    """Remove this user's folders that no running process holds."""
    for folder in above.glob(f"{PREFIX}*"):
        # Another run may be removing the same one; what is not ours may not be opened.
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)
