"""A place that holds files: what is read from it, and how a folder of this machine is one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.release.sealing.streams import Source
from phalanx.release.sealing.writing import open_plain


class ModelFile(Protocol):
    """A file of a model that will be sealed."""

    @property
    def name(self) -> str:
        """In the model, such as `tokenizer/vocab.json`."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def where(self) -> str:
        """What messages call it."""
        ...

    def open(self) -> AbstractContextManager[Source]:
        """Open it for reading, from its beginning."""
        ...

    def stamp(self) -> str:
        """Return what changes when it is written: `:` and nanoseconds since 1970 at its end."""
        ...


class Place(Protocol):
    """Holds the files of one release."""

    def where(self, name: str = "") -> str:
        """Return what messages call a file, or the place itself."""
        ...

    def open(self, name: str, *, is_short: bool = False) -> AbstractContextManager[Source]:
        """Open a file for reading.

        Parameters:
            name: Of the file, which is no path.
            is_short: Whether only a few bytes of it will be read.

        Raises:
            InputError: If there is none, or it cannot be read.
            ServiceError: If a store does not answer.
        """
        ...

    def refuse_others(self, expected: set[str]) -> None:
        """Refuse a place where files are missing; a folder also one with files more.

        A store may be unable to say what it holds. Files that nobody names are read nowhere.

        Raises:
            VerificationError: In both cases.
            InputError: If it cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine."""

    path: Path

    def where(self, name: str = "") -> str:
        """Return what messages call a file, or the folder itself."""
        return str(self.path / name) if name else str(self.path)

    @contextmanager
    def open(self, name: str, *, is_short: bool = False) -> Iterator[Source]:  # noqa: ARG002 - of stores
        """Open a file for reading; links are not followed."""
        with open_plain(self.path / name) as file:
            yield file

    def refuse_others(self, expected: set[str]) -> None:
        """Refuse a folder where files are missing, or others are there."""
        try:
            there = {each.name for each in self.path.iterdir()}
        except OSError as error:
            message = f"{self.path} cannot be read: {reason_of(error)}"
            raise InputError(message, next_step="Pass the folder of a release.") from error
        for names, what in (
            (expected - there, "is missing"),
            (there - expected, "does not belong"),
        ):
            if names:
                message = f"{self.path / min(names)} {what}"
                raise VerificationError(message, next_step="Fetch the release again, all of it.")


def as_place(place: Path | Place) -> Place:
    """Return a place; a path is that of a folder."""
    return Folder(place) if isinstance(place, Path) else place
