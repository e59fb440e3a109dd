"""Parts of what is known, each read again when it has changed.

A part that has become broken leaves what was known of it in force, and alarms once for each way in
which it is broken. So a gateway never knows less because a file was being written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phalanx.errors import InputError, PhalanxError, reason_of
from phalanx.prevent.knowledge.known import Knowledge

Alarm = Callable[[str, PhalanxError], None]
"""Told which part is broken, and how."""

_Stamps = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is known, and where it comes from."""

    name: str
    files: tuple[Path, ...]
    """Whose digests tell whether it has changed; none for what tells by itself, as a store does."""

    take: Callable[[Knowledge], Knowledge]
    """Returns what is known with this part read anew, or the same where nothing has changed."""


class RunningKnowledge:
    """What a running gateway knows.

    Parameters:
        parts: Each is read once at the start.
        alarm: Called where a part is refused, once for each content.

    Raises:
        PhalanxError: If a part is broken at the start.
    """

    def __init__(self, parts: Sequence[Part], alarm: Alarm) -> None:
        """Read all parts for the first time."""
        self._parts = tuple(parts)
        self._alarm = alarm
        self._stamps: dict[str, _Stamps] = {}
        self._digests: dict[str, tuple[str, ...]] = {}
        self._refused: dict[str, str] = {}
        self._known = Knowledge()
        for part in self._parts:
            self._look(part)
            self._known = part.take(self._known)

    @property
    def known(self) -> Knowledge:
        """What is known now; it is never changed, only replaced."""
        return self._known

    @property
    def is_stale(self) -> Mapping[str, bool]:
        """Return of each part whether what it says now is not what is known, since it is broken."""
        return {part.name: part.name in self._refused for part in self._parts}

    def reload(self) -> tuple[str, ...]:
        """Read what has changed, and return the names of parts that are known anew."""
        changed = []
        for part in self._parts:
            before = self._known
            try:
                if not part.files or self._look(part) or part.name in self._refused:
                    self._known = part.take(before)
            except PhalanxError as error:
                if self._refused.get(part.name) != str(error):
                    self._refused[part.name] = str(error)
                    self._alarm(part.name, error)
                continue
            self._refused.pop(part.name, None)
            if self._known is not before:
                changed.append(part.name)
        return tuple(changed)

    def _look(self, part: Part) -> bool:
        """Tell whether the files of a part say something else than before.

        Raises:
            InputError: If one cannot be read.
        """
        if not part.files:
            return True
        try:
            stamps = tuple(_stamp(path) for path in part.files)
            if self._stamps.get(part.name) == stamps:
                return False
            digests = tuple(_digest(path) for path in part.files)
        except OSError as error:
            self._stamps.pop(part.name, None)
            message = f"{part.name}: cannot be read: {reason_of(error)}"
            raise InputError(message, next_step="Put the file back.") from error
        self._stamps[part.name] = stamps
        is_new = self._digests.get(part.name) != digests
        self._digests[part.name] = digests
        return is_new


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
