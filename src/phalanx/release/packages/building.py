"""Where a release is made: whole or absent in the end, whatever interrupts it.

In a folder of this machine it is made beside its place and moved there. A store moves nothing:
there the record is written last, and a release without a record is none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Protocol

from phalanx.errors import InputError, reason_of
from phalanx.release.packages.package import RECORD
from phalanx.release.packages.staging import staging
from phalanx.release.places.place import Folder, Place
from phalanx.release.places.store import Store
from phalanx.release.sealing.streams import Target
from phalanx.release.sealing.writing import sync_folder

JOURNAL = "journal"
"""What was done so far; it is gone before the record is written."""

_MOST_JOURNAL_BYTES = 64 << 20


class Building(Protocol):
    """A release in the making."""

    @property
    def place(self) -> Place:
        """Where its files are now."""
        ...

    def new(self, name: str) -> AbstractContextManager[Target]:
        """Open a new file, which is there when all of it is."""
        ...

    def journal(self) -> bytes:
        """Return what was noted by an earlier run."""
        ...

    def note(self, line: bytes) -> None:
        """Write down what was done."""
        ...

    def begin_anew(self) -> None:
        """Forget what was noted."""
        ...

    def keep_only(self, names: set[str]) -> None:
        """Remove every other file, the journal with them."""
        ...


@contextmanager
def building(target: Path | Store) -> Iterator[Building]:
    """Hand out a release in the making; what an earlier run has made of it is there.

    Parameters:
        target: Where no release may be yet.

    Raises:
        InputError: If something is there, another process is at it, or it cannot be made.
        ServiceError: If a store does not answer.
    """
    if isinstance(target, Store):
        _refuse_present(target)
        yield InStore(target, bytearray())
        return
    with staging(target, "sealing") as aside:
        try:
            yield InFolder(aside)
            aside.rename(target)
            sync_folder(target.parent)
        except OSError as error:
            message = f"{aside}: the release cannot be written: {reason_of(error)}"
            raise InputError(message, next_step="Mend it, and run the same again.") from error


@dataclass(frozen=True, slots=True)
class InFolder:
    """A release in the making, in a folder that is nobody else's."""

    folder: Path

    @property
    def place(self) -> Place:
        """Where its files are now."""
        return Folder(self.folder)

    @contextmanager
    def new(self, name: str) -> Iterator[Target]:
        """Open a new file, which is there, and on the disk, when all of it is."""
        unfinished = self.folder / f"{name}.unfinished"
        with FileIO(unfinished, "wb") as file:
            yield file
            os.fsync(file.fileno())
        unfinished.rename(self.folder / name)
        sync_folder(self.folder)

    def journal(self) -> bytes:
        """Return what was noted by an earlier run."""
        path = self.folder / JOURNAL
        return path.read_bytes() if path.exists() else b""

    def note(self, line: bytes) -> None:
        """Write down what was done; it is on the disk."""
        with (self.folder / JOURNAL).open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self.folder)

    def begin_anew(self) -> None:
        """Forget what was noted."""
        (self.folder / JOURNAL).unlink(missing_ok=True)

    def keep_only(self, names: set[str]) -> None:
        """Remove every other file, the journal with them."""
        for path in self.folder.iterdir():
            if path.name not in names:
                path.unlink()
        sync_folder(self.folder)


@dataclass(frozen=True, slots=True)
class InStore:
    """A release in the making, in a store; two runs at once would spoil it, and not pass."""

    place: Store
    noted: bytearray
    """What the journal holds: a store adds nothing to a file, so it is written whole each time."""

    def new(self, name: str) -> AbstractContextManager[Target]:
        """Open a new file."""
        return self.place.new(name)

    def journal(self) -> bytes:
        """Return what was noted by an earlier run."""
        self.noted[:] = self.place.content(JOURNAL, _MOST_JOURNAL_BYTES) or b""
        return bytes(self.noted)

    def note(self, line: bytes) -> None:
        """Write down what was done."""
        self.noted.extend(line)
        self.place.put(JOURNAL, bytes(self.noted))

    def begin_anew(self) -> None:
        """Forget what was noted."""
        self.noted.clear()

    def keep_only(self, names: set[str]) -> None:
        """Remove every other file, the journal with them."""
        for name in sorted(self.place.names() - names):
            self.place.remove(name)


def _refuse_present(store: Store) -> None:
    there = store.names()
    if RECORD in there or (there and JOURNAL not in there):
        message = f"{store.where()}: something is there already"
        raise InputError(message, next_step="Name a place where nothing is yet.")
