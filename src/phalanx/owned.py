"""Files for their owner alone, each whole or absent.

What Phalanx writes may say who sent what, in the words of a prompt: nobody else on the machine
may read it, whatever the umask.
"""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from phalanx.errors import ConfigError, InputError

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


def _any(_: bytes) -> bool:
    return True


def read_or_make_secret(
    path: Path, name: str, size_bytes: int, *, wanted: Callable[[bytes], bool] = _any
) -> bytes:
    """Read a secret that only its owner may read, or make a random one.

    Parameters:
        path: File of exactly so many bytes. Folders on the way are made.
        name: What messages call it, such as "pseudonym key".
        size_bytes: Its size.
        wanted: Tells whether a secret that is made may be used, as most are; else another is made.

    Raises:
        ConfigError: If others may read the file, or it is no such secret.

    Examples:
        >>> path = Path(tempfile.mkdtemp()) / "a.key"
        >>> read_or_make_secret(path, "key", 32) == read_secret(path, "key", 32)
        True
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            secret = secrets.token_bytes(size_bytes)
            while not wanted(secret):
                secret = secrets.token_bytes(size_bytes)
            _make_secret(path, secret)
    except OSError as error:
        message = f"{path}: the {name} cannot be read or made: {error.strerror}"
        raise ConfigError(message, next_step="Check the path and its permissions.") from error
    return read_secret(path, name, size_bytes)


def read_secret(path: Path, name: str, size_bytes: int) -> bytes:
    """Read a secret that only its owner may read.

    Parameters:
        path: File of exactly so many bytes.
        name: What messages call it, such as "pseudonym key".
        size_bytes: Its size.

    Raises:
        ConfigError: If others may read the file, or it is no such secret.
    """
    secret = read_owned(path, name, size_bytes + 1)
    if len(secret) != size_bytes:
        message = f"{path}: a {name} has exactly {size_bytes} bytes"
        raise ConfigError(message, next_step="Name the key file, or a path where none exists yet.")
    return secret


def read_secret_text(path: Path, name: str, most_bytes: int) -> str:
    r"""Read a secret on one line that only its owner may read.

    Parameters:
        path: File of at most so many bytes.
        name: What messages call it, such as "API key".
        most_bytes: Its largest size.

    Raises:
        ConfigError: If others may read the file, or it holds no single line of text.

    Examples:
        >>> path = Path(tempfile.mkdtemp()) / "a.key"
        >>> with written_whole(path) as aside:
        ...     _ = aside.write_text("phx.1.a\n")
        >>> read_secret_text(path, "API key", 99)
        'phx.1.a'
    """
    content = read_owned(path, name, most_bytes + 1)
    text = content.decode(errors="replace").strip()
    if len(content) > most_bytes or not text.isprintable() or not text or "\ufffd" in text:
        message = f"{path}: a {name} is one line of text"
        raise ConfigError(message, next_step=f"Name the file that holds the {name}.")
    return text


def read_owned(path: Path, name: str, most_bytes: int) -> bytes:
    """Read a file that only its owner may read, up to so many bytes.

    Parameters:
        path: A regular file.
        name: What messages call it, such as "group key file".
        most_bytes: That are read.

    Raises:
        ConfigError: If others may read the file, or it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                message = f"{path}: the {name} is not a regular file"
                raise ConfigError(message, next_step="Name a file.")
            if status.st_mode & 0o077:
                message = f"{path}: the {name} can be read by others than its owner"
                raise ConfigError(message, next_step=f"Run: chmod 600 {path}")
            return file.read(most_bytes)
    except OSError as error:
        message = f"{path}: the {name} cannot be read or made: {error.strerror}"
        raise ConfigError(message, next_step="Check the path and its permissions.") from error


def _make_secret(path: Path, secret: bytes) -> None:
    """Write aside, then link: a second process sees the whole secret or none."""
    aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        os.link(aside, path)
    except FileExistsError:
        # Another process was first: its secret is the one to use.
        return
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
