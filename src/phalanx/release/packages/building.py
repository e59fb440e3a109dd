"""Where a release is made: whole or absent in the end, whatever interrupts it.

In a folder of this machine it is made beside its place and moved there. A store moves nothing:
there the record is written last, and a release without a record is none. A store gives no lock
either: each run names its files for itself, and of two runs at once the one whose record is there
first has made the release.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Protocol

from phalanx.errors import InputError, reason_of
from phalanx.release.envelopes.dsse import MOST_BYTES, parse_envelope
from phalanx.release.packages.package import GRANT, RECORD
from phalanx.release.packages.staging import staging
from phalanx.release.places.place import Folder, Place
from phalanx.release.places.store import Store
from phalanx.release.sealing.streams import Target, write_all
from phalanx.release.sealing.suite import CHUNK_BYTES
from phalanx.release.sealing.writing import sync_folder

JOURNAL = "journal"
"""What was done so far; a release has none."""

_MOST_JOURNAL_BYTES = 64 << 20
_TAG_BYTES = 8


class Building(Protocol):
    """A release in the making."""

    @property
    def place(self) -> Place:
        """Where its files are now."""
        ...

    @property
    def tag(self) -> str:
        """What stands in the names of sealed files of this run alone; empty where no other runs."""
        ...

    def claim(self, grant: bytes) -> None:
        """Write down under which grant the release is made.

        Raises:
            InputError: If another run makes it under another grant.
        """
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

    def finish(self, record: bytes, names: set[str]) -> None:
        """Write the record, which makes it a release, and remove what is of no use any more.

        Parameters:
            record: Signed.
            names: Of all other files of the release.

        Raises:
            InputError: If another run has finished before.
        """
        ...


@contextmanager
def building(target: Path | Store, random: Callable[[int], bytes]) -> Iterator[Building]:
    """Hand out a release in the making; what an earlier run has made of it is there.

    Parameters:
        target: Where no release may be yet.
        random: Gives so many random bytes.

    Raises:
        InputError: If something is there, another process is at it, or it cannot be made.
        ServiceError: If a store does not answer.
    """
    if isinstance(target, Store):
        _refuse_present(target)
        made = InStore(target, bytearray(), f"-{random(_TAG_BYTES).hex()}")
        try:
            yield made
        except _AnotherWasFirstError:
            made.remove_own()
            raise
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

    @property
    def tag(self) -> str:
        """Nobody else works in the folder."""
        return ""

    def claim(self, grant: bytes) -> None:
        """Write down under which grant the release is made."""
        self._write(GRANT, grant)

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

    def finish(self, record: bytes, names: set[str]) -> None:
        """Remove what is of no use any more, and write the record."""
        for path in self.folder.iterdir():
            if path.name not in names:
                path.unlink()
        sync_folder(self.folder)
        self._write(RECORD, record)

    def _write(self, name: str, content: bytes) -> None:
        with self.new(name) as file:
            for at in range(0, len(content), CHUNK_BYTES):
                write_all(file, memoryview(content)[at : at + CHUNK_BYTES])


@dataclass(frozen=True, slots=True)
class InStore:
    """A release in the making, in a store, where other runs may make the same one meanwhile."""

    place: Store
    noted: bytearray
    """What the journal holds: a store adds nothing to a file, so it is written whole each time."""

    tag: str
    """Of this run alone: no other run writes over its sealed files."""

    own: set[str] = field(default_factory=set)
    """Sealed files of this run."""

    def claim(self, grant: bytes) -> None:
        """Write down under which grant the release is made; whoever is first, decides."""
        if self.place.create(GRANT, grant):
            return
        if self.place.content(GRANT, len(grant)) != grant:
            message = f"{self.place.where()}: was begun under another grant, hash or issuer"
            raise InputError(message, next_step="Remove what is there, and seal anew.")

    def new(self, name: str) -> AbstractContextManager[Target]:
        """Open a new file."""
        if self.place.has(RECORD):
            raise self._too_late()
        self.own.add(name)
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

    def finish(self, record: bytes, names: set[str]) -> None:
        """Write the record, unless there is one, and then remove what other runs have left."""
        if not self.place.create(RECORD, record):
            raise self._too_late()
        for name in sorted(self.place.names() - names - {RECORD}):
            self.place.remove(name)

    def remove_own(self) -> None:
        """Remove the sealed files of this run, unless the other one went on with them."""
        record = self.place.content(RECORD, MOST_BYTES) or b""
        used = parse_envelope(record, self.place.where(RECORD)).payload
        for name in sorted(self.own & self.place.names()):
            if name.encode() not in used:
                self.place.remove(name)

    def _too_late(self) -> _AnotherWasFirstError:
        message = f"{self.place.where()}: another run has made the release meanwhile"
        return _AnotherWasFirstError(message, next_step="Use that one, or name another place.")


class _AnotherWasFirstError(InputError):
    """Another run has finished before this one."""


def _refuse_present(store: Store) -> None:
    there = store.names()
    if RECORD in there or (there and not {JOURNAL, GRANT} & there):
        message = f"{store.where()}: something is there already"
        raise InputError(message, next_step="Name a place where nothing is yet.")
