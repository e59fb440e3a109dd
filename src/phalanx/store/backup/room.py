"""What is backed up: the tables of one room, and the files that their rows need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from phalanx.store.schema import Schema


@dataclass(frozen=True, slots=True)
class NeededFile:
    """A file that rows need."""

    name: str
    """In the folder of the room, with `/` between parts."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Tables that belong together, and the way to their files."""

    name: str
    """What a person calls it, such as `cases`."""

    schema: Schema
    files: Callable[[Connection, Path], Iterable[NeededFile]] | None = None
    """Returns the files that the rows need, given the folder; null where a room has none."""
