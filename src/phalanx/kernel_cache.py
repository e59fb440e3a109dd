"""A place for compiled kernels, where neither the package nor the home folder can be written.

numba keeps what it compiles beside the code, or in the user's cache folder, and gives up where
both are read-only: a service account without a home, or a container.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path

from phalanx.owned import is_writable

VARIABLE = "NUMBA_CACHE_DIR"
"""Where numba keeps compiled code, if it is set. It is read when numba is imported."""


def ensure_cache(package: Path, environment: MutableMapping[str, str]) -> None:
    """Name a folder of this user's in `NUMBA_CACHE_DIR` if numba would find none.

    Parameters:
        package: Folder of the code.
        environment: Of this process; changed.
    """
    # Without a home this stays as it is and means a folder here, for numba too.
    home_cache = os.path.expanduser("~/.cache")  # noqa: PTH111 - `expanduser` of a path fails
    user_cache = Path(environment.get("XDG_CACHE_HOME") or home_cache)
    if VARIABLE in environment or is_writable(package) or is_writable(user_cache / "numba"):
        return
    environment[VARIABLE] = str(_private_folder(Path(tempfile.gettempdir())))


def _private_folder(temporary: Path) -> Path:
    """Return a folder that nobody else can write: what lies in it is run."""
    folder = temporary / f"phalanx-kernels-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
        return folder
    return Path(tempfile.mkdtemp(prefix=f"{folder.name}-"))
