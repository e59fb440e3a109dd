"""Passwords that were breached: looked for in a list on disk that is never read as a whole.

The list is of the form in which they are handed out: on each line the SHA-1 of a password in
hexadecimal, and behind a colon, perhaps, how often it was seen; in the order of the digests. It is
named by whoever runs the console, and nothing of a password leaves the machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha1
from itertools import pairwise
from pathlib import Path

from phalanx.errors import ConfigError, InputError, reason_of

_MOST_LINE_BYTES = 80
"""Of a line with its end."""

_LINE = re.compile(rb"([0-9A-Fa-f]{40})(?::[0-9]{1,20})?\r?")
_LOOKED_AT = 64
"""Lines whose order is compared when a list is named."""

_FORM = "Name one with SHA-1 digests in hexadecimal, a line each, ordered by them."


@dataclass(frozen=True, slots=True)
class BreachedList:
    """A list of digests in a file, which may be replaced while it is used."""

    path: Path

    def holds(self, password: str) -> bool:
        """Tell whether a password is in the list. It takes about thirty reads of the disk.

        Raises:
            InputError: If the list cannot be read, or is none.
        """
        wanted = sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        with self._opened() as (descriptor, size):
            low, high = 0, size
            while low < high:
                start, end, digest = self._line_at(descriptor, (low + high) // 2)
                if digest == wanted:
                    return True
                low, high = (end, high) if digest < wanted else (low, start)
        return False

    def refuse_other(self) -> None:
        """Refuse a file that is no such list, as far as some of its lines show.

        Raises:
            InputError: If it cannot be read.
            ConfigError: If it is empty, has other lines, or has another order.
        """
        with self._opened() as (descriptor, size):
            if not size:
                message = f"{self.path}: is an empty list of breached passwords"
                raise ConfigError(message, next_step=_FORM)
            places = (number * (size - 1) // _LOOKED_AT for number in range(_LOOKED_AT + 1))
            lines = [self._line_at(descriptor, place) for place in places]
        for (first, _, one), (second, _, other) in pairwise(lines):
            if first != second and one >= other:
                message = f"{self.path}: is not in the order of its digests, at byte {second:,}"
                raise ConfigError(message, next_step=_FORM)

    @contextmanager
    def _opened(self) -> Iterator[tuple[int, int]]:
        """Hand out a descriptor, and how many bytes there are."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
            try:
                yield descriptor, os.fstat(descriptor).st_size
            finally:
                os.close(descriptor)
        except OSError as error:
            message = f"{self.path}: the breached passwords cannot be read: {reason_of(error)}"
            raise InputError(message, next_step="Check the path, and permissions.") from error

    def _line_at(self, descriptor: int, place: int) -> tuple[int, int, bytes]:
        """Return where the line of a byte begins and where the next one does, and its digest."""
        base = max(0, place - _MOST_LINE_BYTES)
        piece = os.pread(descriptor, 2 * _MOST_LINE_BYTES, base)
        first = piece.rfind(b"\n", 0, place - base) + 1
        last = piece.find(b"\n", place - base)
        line = piece[first : len(piece) if last < 0 else last]
        found = _LINE.fullmatch(line)
        if found is None:
            message = f"{self.path}: is no list of breached passwords, at byte {base + first:,}"
            raise ConfigError(message, next_step=_FORM)
        return base + first, base + first + len(line) + 1, found[1].upper()


def refuse_breached(listed: BreachedList | None, password: str) -> None:
    """Refuse a password that was breached.

    Parameters:
        listed: Those that were; null where no list was named.
        password: That somebody wants.

    Raises:
        InputError: If it is in the list, or the list cannot be read.
    """
    if listed is not None and listed.holds(password):
        message = "the password is in the list of those that were breached"
        raise InputError(message, next_step="Take another: a sentence of four words or more.")
