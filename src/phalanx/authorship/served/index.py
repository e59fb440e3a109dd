"""The index of what was served: a folder of segments, and a list of those that count.

Whoever appends writes a segment aside, and replaces the list in the end. Killed at any moment, the
index is what it was before or what it is after. Nothing in it is text: phrases are keyed numbers,
accounts are what the logs were read with.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from phalanx.authorship.served.segment import Segment, open_segment
from phalanx.errors import InputError, PhalanxError, VerificationError, reason_of
from phalanx.json_text import parse_object
from phalanx.owned import written_whole

FORMAT = "phalanx.served-index/1"
_LIST = "index.json"
_LOCK = "lock"
_MOST_LIST_BYTES = 16 << 20
_NEXT = "Name a folder that `phalanx authorship index` wrote."


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the list says of an index."""

    key_id: str
    """Name of the key that its phrases are made with; it tells nothing of the key."""

    segments: tuple[str, ...] = ()
    """Folders, the oldest first."""

    documents: int = 0
    """Responses that are in it."""

    too_short: int = 0
    """Responses that were left out: too few words for two phrases."""

    inputs: tuple[str, ...] = ()
    """SHA-256 of the logs that were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedIndex:
    """An index that is open for look-ups; what is appended later is not in it."""

    listed: Listed
    segments: tuple[Segment, ...]

    @property
    def entries(self) -> int:
        """Parts of responses that a text is compared with: the N of every stated chance."""
        return sum(segment.rows for segment in self.segments)


def open_index(folder: Path, key_id: str) -> ServedIndex:
    """Open an index.

    Parameters:
        folder: Of the index.
        key_id: Name of the key with which it will be asked.

    Raises:
        InputError: If it is no index of this version, or a part of it is damaged.
        VerificationError: If it was made with another key.
    """
    while True:
        listed = read_list(folder)
        if listed is None:
            message = f"{folder}: no index"
            raise InputError(message, next_step=_NEXT)
        require_key(listed, key_id, folder)
        try:
            segments = tuple(open_segment(folder / name) for name in listed.segments)
        except InputError:
            # Whoever appends may have merged segments away since the list was read.
            if read_list(folder) == listed:
                raise
            continue
        return ServedIndex(listed=listed, segments=segments)


def require_key(listed: Listed, key_id: str, folder: Path) -> None:
    """Refuse an index of another key: nothing would ever be found in it.

    Raises:
        VerificationError: If it is of another key.
    """
    if listed.key_id != key_id:
        message = f"{folder}: made with key {listed.key_id}, and asked with {key_id}"
        raise VerificationError(message, next_step="Pass the key of the index with --key.")


def read_list(folder: Path) -> Listed | None:
    """Return what the list of an index says; nothing where there is none.

    Raises:
        InputError: If it is no list of this version.
    """
    path = folder / _LIST
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_LIST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step=_NEXT) from error
    try:
        said = parse_object(content, str(path))
    except PhalanxError as error:
        message = f"{path}: is no list of an index"
        raise InputError(message, next_step=_NEXT) from error
    if said.get("format") != FORMAT:
        message = f"{path}: of another format than {FORMAT}"
        raise InputError(message, next_step="Build the index again with this version.")
    match said:
        case {
            "key_id": str(key_id), "segments": list(segments), "documents": int(documents),
            "too_short": int(too_short), "inputs": list(inputs),
        } if all(_is_name(each) for each in segments) and all(
            isinstance(each, str) for each in inputs
        ):  # fmt: skip
            return Listed(
                key_id=key_id, segments=tuple(segments), documents=documents,
                too_short=too_short, inputs=tuple(inputs),
            )  # fmt: skip
    message = f"{path}: does not say what is in the index"
    raise InputError(message, next_step=_NEXT)


@contextmanager
def appending(folder: Path, key_id: str) -> Iterator[Listed]:
    """Hold an index for appending; nobody else appends meanwhile, everybody may read.

    Parameters:
        folder: Of the index; it is made if it is missing.
        key_id: Name of the key.

    Raises:
        InputError: If somebody else appends, or it cannot be written.
        VerificationError: If it was made with another key.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        message = f"{folder}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Name another folder with --output.") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = f"{folder}: another process is appending to this index"
            raise InputError(message, next_step="Wait for it to end.") from error
        listed = read_list(folder) or Listed(key_id=key_id)
        require_key(listed, key_id, folder)
        _remove_unlisted(folder, listed)
        yield listed
    finally:
        os.close(lock)


def take_in(folder: Path, listed: Listed, made: Path, merged: int, more: Listed) -> Listed:
    """Make a segment count, in place of the last few that it holds.

    Parameters:
        folder: Of the index.
        listed: What counted before.
        made: Folder of the segment, in the same file system.
        merged: Segments at the end of the list that it holds.
        more: What is new in it: responses and logs.

    Raises:
        InputError: If it cannot be written.
    """
    numbers = [int(name.rpartition("-")[2]) for name in listed.segments]
    name = f"segment-{max(numbers, default=0) + 1:08d}"
    kept = listed.segments[: len(listed.segments) - merged]
    after = replace(
        listed,
        segments=(*kept, name),
        documents=listed.documents + more.documents,
        too_short=listed.too_short + more.too_short,
        inputs=(*listed.inputs, *more.inputs),
    )
    try:
        made.rename(folder / name)
        with written_whole(folder / _LIST) as aside, aside.open("w", encoding="utf-8") as file:
            json.dump(
                {
                    "format": FORMAT, "key_id": after.key_id, "segments": after.segments,
                    "documents": after.documents, "too_short": after.too_short,
                    "inputs": after.inputs,
                },
                file,
            )  # fmt: skip
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        message = f"{folder}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Make room, and append again.") from error
    _remove_unlisted(folder, after)
    return after


def _remove_unlisted(folder: Path, listed: Listed) -> None:
    """Remove segments of an append that was killed, and those that were merged into others.

    Who has them open goes on reading what is mapped.
    """
    for found in folder.glob("segment-*"):
        if found.name not in listed.segments:
            with suppress(OSError):
                shutil.rmtree(found)


def _is_name(name: object) -> bool:
    return (
        isinstance(name, str)
        and name.startswith("segment-")
        and len(name) == 16
        and name[8:].isascii()
        and name[8:].isdigit()
    )
