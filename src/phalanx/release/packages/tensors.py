"""Tensors of a release, decrypted to where their numbers will be used, with no file between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from phalanx.errors import InputError
from phalanx.release.packages.open_package import OpenRelease
from phalanx.tensor_layout import Entry

ENDING = ".safetensors"

Placing = Callable[[str, Entry], memoryview]
"""Gives the room for a tensor: as many bytes as it has, writable."""


def weights_of(release: OpenRelease) -> tuple[str, ...]:
    """Return the names of all files of weights, in the order of the release."""
    return tuple(name for name in release.files if name.endswith(ENDING))


def fill(release: OpenRelease, name: str, place: Placing) -> Mapping[str, Entry]:
    """Decrypt all tensors of one file into room that is made for them.

    One piece of the file is in memory beside that room.

    Parameters:
        release: Whose signatures were verified.
        name: Of a file of safetensors in it.
        place: Makes the room for each tensor.

    Returns:
        What the tensors are, by name.

    Raises:
        InputError: If there is no such file, or it is none of safetensors.
        VerificationError: If it is not as it was sealed and signed; then nothing in that room may
            be used.
    """
    entries = release.tensors(name)
    rooms = [(each, place(tensor, each)) for tensor, each in entries.items()]
    rooms.sort(key=lambda room: room[0].start)
    at, first = 0, 0
    for piece in release.pieces(name):
        end = at + len(piece)
        while first < len(rooms) and _end(rooms[first][0]) <= at:
            first += 1
        for entry, room in _until(rooms, first, end):
            begin, stop = max(entry.start, at), min(_end(entry), end)
            room[begin - entry.start : stop - entry.start] = piece[begin - at : stop - at]
        at = end
    return entries


def find(release: OpenRelease, names: Sequence[str]) -> dict[str, tuple[str, Entry]]:
    """Return in which file each tensor lies, and where.

    Parameters:
        release: Whose signatures were verified.
        names: Of tensors.

    Raises:
        InputError: If no file has one of them.
        VerificationError: If a header of a file is not as it was sealed.
    """
    wanted, found = set(names), dict[str, tuple[str, Entry]]()
    for file in weights_of(release):
        if not wanted - found.keys():
            break
        there = release.tensors(file)
        found |= {name: (file, there[name]) for name in wanted & there.keys()}
    if missing := sorted(wanted - found.keys()):
        message = f"no file of the release has a tensor {missing[0]!r}"
        raise InputError(message, next_step="Name a tensor as its file does.")
    return {name: found[name] for name in names}


def _until(
    rooms: Sequence[tuple[Entry, memoryview]], first: int, end: int
) -> Iterator[tuple[Entry, memoryview]]:
    for at in range(first, len(rooms)):
        if rooms[at][0].start >= end:
            return
        yield rooms[at]


def _end(entry: Entry) -> int:
    return entry.start + entry.size
