"""Files for their owner alone, each whole or absent.

What Phalanx writes may say who sent what, in the words of a prompt: nobody else on the machine
may read it, whatever the umask.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from phalanx.errors import InputError

OWNER_ONLY = 0o600
"""Mode of every file that is written."""


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Hand out a file beside a path that takes its place in the end, or is removed.

    What is no file, a device or a pipe, is never replaced: it is handed out itself. A link stays,
    and what it points to is replaced.

    Parameters:
        path: Where the file is to stand; its folder is made if it is missing.

    Raises:
        OSError: If nothing can be written there.

    Examples:
        >>> folder = Path(tempfile.mkdtemp())
        >>> with written_whole(folder / "a.txt") as aside:
        ...     _ = aside.write_text("all of it")
        >>> [(each.name, oct(each.stat().st_mode & 0o777)) for each in folder.iterdir()]
        [('a.txt', '0o600')]
    """
    if is_special(path):
        yield path
        return
    path = link_followed(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    aside = Path(name)
    try:
        yield aside
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def refuse_unwritable(path: Path, option: str) -> None:
    """Say before any work that a file or folder could not be made, changing nothing.

    Parameters:
        path: That is to be written; it and folders above it may be missing.
        option: That names it.

    Raises:
        InputError: If what is there of it is a file, or may not be written.

    Examples:
        >>> refuse_unwritable(Path("new/folder"), "--out")
    """
    above = _lowest_existing(path)
    if is_writable(above):
        return
    reason = "may not be written" if above.is_dir() else "is a file"
    message = f"{path}: cannot be written: {above} {reason}"
    raise InputError(message, next_step=f"Name another place with {option}.")


def is_special(path: Path) -> bool:
    """Tell whether something stands there that is neither file nor folder.

    Examples:
        >>> is_special(Path("/dev/null")), is_special(Path(__file__)), is_special(Path("new"))
        (True, False, False)
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def link_followed(path: Path) -> Path:
    """Return where a path leads; one that only leads to itself stays as it is."""
    return Path(os.path.realpath(path))  # `resolve` fails where links lead to themselves


def is_writable(folder: Path) -> bool:
    """Tell whether files can be put into a folder, or the folder can be made.

    Examples:
        >>> is_writable(Path("new/folder")), is_writable(Path(__file__))
        (True, False)
    """
    above = _lowest_existing(folder)
    return above.is_dir() and os.access(above, os.W_OK | os.X_OK)


def _lowest_existing(path: Path) -> Path:
    while not os.access(path, os.F_OK) and path != path.parent:
        path = path.parent
    return path
