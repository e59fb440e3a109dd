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
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PREFIX = "phalanx-run-"
_LOCK = "in-use"


class ScratchFolder:
    """A folder that is removed in the end, and those of killed runs with it.

    Parameters:
        within: Where it is made; null takes the machine's folder for temporary files.

    Raises:
        OSError: If no folder can be made there.

    Examples:
        >>> with ScratchFolder() as scratch:
        ...     made = scratch.path
        ...     _ = (made / "rows").write_text("put aside")
        >>> made.exists()
        False
    """

    def __init__(self, within: Path | None = None) -> None:
        """Remove what killed runs left, and make the folder, for its owner alone."""
        above = Path(tempfile.gettempdir()) if within is None else within
        _remove_abandoned(above)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=above))
        # Locked before it bears its name: without the name nobody takes the folder for abandoned.
        descriptor, unnamed = tempfile.mkstemp(dir=self.path)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        Path(unnamed).rename(self.path / _LOCK)
        self._lock = descriptor

    def __enter__(self) -> Self:
        """Return the folder."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove it."""
        self.remove()

    def remove(self) -> None:
        """Remove the folder with all that is in it; a second time does nothing."""
        if self._lock >= 0:
            shutil.rmtree(self.path)
            os.close(self._lock)
            self._lock = -1


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
