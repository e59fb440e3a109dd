"""The files of a model on disk: a folder, one file, or a repository as Hugging Face keeps it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.release.manifest.known_digests import stamp_of
from phalanx.release.manifest.resources import IGNORED
from phalanx.release.names import by_parts, refuse_clashing, refuse_unsafe
from phalanx.release.sealing.streams import Source
from phalanx.release.sealing.writing import open_plain

MOST_FILES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file of a model."""

    name: str
    """In the model, such as `tokenizer/vocab.json`."""

    path: Path
    """Where it is: no link."""

    size: int
    """Bytes."""

    @property
    def where(self) -> str:
        """What messages call it."""
        return str(self.path)

    @contextmanager
    def open(self) -> Iterator[Source]:
        """Open it for reading, from its beginning."""
        with open_plain(self.path) as file:
            yield file

    def stamp(self) -> str:
        """Return what changes when it is written or replaced."""
        return stamp_of(self.path)


def files_of(path: Path, ignored: Iterable[str] = IGNORED) -> tuple[Found, ...]:
    """Return the files of a model, in the order of a manifest.

    Links are refused, with one exception: in a snapshot of the cache of Hugging Face each file is
    a link to a blob beside the snapshots, and is taken for what it links to.

    Parameters:
        path: Of a folder, or of one file.
        ignored: Names below the folder that are left out, with all that is below them.

    Raises:
        InputError: If there is nothing, or something is neither a file nor a folder.
        VerificationError: If a name could not stand in a manifest.
    """
    if not path.is_dir():
        found = [_found(path.name, path, path.parent)]
    else:
        found = list(_below(path, "", frozenset(ignored), _blobs(path)))
    if not found:
        message = f"{path}: there is no file in it"
        raise InputError(message, next_step="Pass the folder or file of a model.")
    if len(found) > MOST_FILES:
        message = f"{path}: there are more than {MOST_FILES:,} files in it"
        raise InputError(message, next_step="Pass the folder of one model.")
    refuse_clashing(each.name for each in found)
    return tuple(sorted(found, key=lambda each: by_parts(each.name)))


def _below(
    folder: Path, above: str, ignored: frozenset[str], blobs: Path | None
) -> Iterator[Found]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        message = f"{folder} cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Pass a folder that may be read.") from error
    for entry in entries:
        name = f"{above}{entry.name}"
        if name in ignored:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path), f"{name}/", ignored, blobs)
        else:
            yield _found(name, Path(entry.path), blobs)


def _found(name: str, path: Path, blobs: Path | None) -> Found:
    refuse_unsafe(name)
    try:
        if path.is_symlink():
            path = _blob(path, blobs)
        status = path.lstat()
    except OSError as error:
        message = f"{path} cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Pass the folder or file of a model.") from error
    if not stat.S_ISREG(status.st_mode):
        message = f"{path} is neither a file nor a folder"
        raise InputError(message, next_step="Leave it out, or put the file itself there.")
    return Found(name=name, path=path, size=status.st_size)


def _blobs(folder: Path) -> Path | None:
    """Return where the files of a snapshot are, if the folder is one."""
    whole = folder.resolve()
    beside = whole.parent.parent / "blobs"
    return beside if whole.parent.name == "snapshots" and beside.is_dir() else None


def _blob(link: Path, blobs: Path | None) -> Path:
    """Return what a link leads to, if it is a file where links may lead."""
    target = Path(os.path.realpath(link))
    if blobs is None or target.parent != blobs.resolve():
        message = f"{link} is a link, which could lead to any file of this machine"
        raise InputError(message, next_step="Put the file itself there.")
    return target


def refuse_outside(folder: Path, names: Iterable[str]) -> None:
    """Refuse names of a folder that would leave it, or that a link on the way would.

    Raises:
        VerificationError: If one would.
    """
    for name in names:
        refuse_unsafe(name)
        at = folder
        for part in name.split("/"):
            at /= part
            if at.is_symlink():
                message = f"{at} is a link, where a file of the model should be"
                raise VerificationError(message, next_step="Fetch the model again.")
