"""The files of items, each under its digest, for their owner alone."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.owned import OWNER_ONLY
from phalanx.scratch import scratch_folder

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Aside:
    """A file that was copied, and is not yet in its place."""

    path: Path
    sha256: str
    """In hexadecimal."""

    size_bytes: int


@dataclass(frozen=True, slots=True)
class Vault:
    """A folder of files."""

    folder: Path

    @contextmanager
    def set_aside(self, source: Path) -> Iterator[Aside]:
        """Copy a file, and measure the copy. It is on the disk then, and in nobody's way.

        What was not put into its place is removed in the end, and that of a process that was
        killed when the next file is set aside.

        Raises:
            InputError: If the file cannot be read, is none, or the copy cannot be written.
        """
        try:
            descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    message = f"{source}: is no file"
                    raise InputError(message, next_step="Name a file.")
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                with scratch_folder(self.folder) as scratch:
                    yield _copied(lambda: file.read(_PIECE_BYTES), scratch / "copy")
        except OSError as error:
            message = f"{source}: cannot be gathered: {reason_of(error)}"
            raise InputError(message, next_step="Check the path, and the space.") from error

    def put(self, aside: Aside) -> None:
        """Put a copy into its place; a file of the same digest is replaced by the same.

        Raises:
            OSError: If it cannot be.
        """
        aside.path.replace(self.path(aside.sha256))
        self._sync()

    def destroy(self, sha256: str) -> None:
        """Remove a file; none is there afterwards.

        Raises:
            OSError: If it cannot be.
        """
        with suppress(FileNotFoundError):
            self.path(sha256).unlink()
            self._sync()

    def path(self, sha256: str) -> Path:
        """Return where a file is."""
        return self.folder / sha256

    def verify(self, sha256: str, what: str) -> Path:
        """Return where a file is, after comparing it with its digest.

        Raises:
            VerificationError: If it is missing, or another.
        """
        path = self.path(sha256)
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            message = f"the file of {what} cannot be read: {reason_of(error)}"
            raise VerificationError(message, next_step="Bring it back from a backup.") from error
        if found != sha256:
            message = f"the file of {what} is not the one that was gathered"
            raise VerificationError(message, next_step="Bring it back from a backup.")
        return path

    def _sync(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _copied(read: Callable[[], bytes], target: Path) -> Aside:
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as copy:
        while piece := read():
            digest.update(piece)
            size += len(piece)
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())
    return Aside(target, digest.hexdigest(), size)
