"""The files of items, each under its digest, for their owner alone."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from phalanx.errors import InputError, VerificationError, reason_of

_PIECE_BYTES = 1 << 20
_ASIDE = ".aside-"


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

    def set_aside(self, source: Path) -> Aside:
        """Copy a file, and measure the copy. It is on the disk then, and in nobody's way.

        Raises:
            InputError: If the file cannot be read, is none, or the copy cannot be written.
        """
        try:
            descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    message = f"{source}: is no file"
                    raise InputError(message, next_step="Name a file.")
                return self._copy(lambda: file.read(_PIECE_BYTES))
        except OSError as error:
            message = f"{source}: cannot be gathered: {reason_of(error)}"
            raise InputError(message, next_step="Check the path, and the space.") from error

    def _copy(self, read: Callable[[], bytes]) -> Aside:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = mkstemp(prefix=_ASIDE, dir=self.folder)
        digest, size = hashlib.sha256(), 0
        try:
            with os.fdopen(descriptor, "wb") as copy:
                while piece := read():
                    digest.update(piece)
                    size += len(piece)
                    copy.write(piece)
                copy.flush()
                os.fsync(copy.fileno())
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return Aside(Path(name), digest.hexdigest(), size)

    def put(self, aside: Aside) -> None:
        """Put a copy into its place; a file of the same digest is replaced by the same.

        Raises:
            OSError: If it cannot be.
        """
        aside.path.replace(self.path(aside.sha256))
        self._sync()

    def drop(self, aside: Aside) -> None:
        """Remove a copy that was not put into its place."""
        aside.path.unlink(missing_ok=True)

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
