"""The keys of the group: one for each epoch, held by every member and nobody else.

A file has one line for each epoch: its number, the day on which it begins to be used for what is
shared, and 32 random bytes in hexadecimal. It is made once, by one member, and passed on to the
others as secrets are; the fingerprint of a key may be read aloud to compare. Old keys stay until
the last sketch made with them has expired.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

from phalanx.errors import ConfigError, InputError
from phalanx.logs.siphash import Key, hash_key
from phalanx.owned import read_owned, written_whole

KEY_BYTES = 32
MOST_BYTES = 64 * 1024
"""Of a key file."""

_NAME = "group key file"
_HEADING = (
    "# Group keys of template sketches: epoch, first day, 32 bytes. Secret; for members only.\n"
)
_LINE = re.compile(r"(0|[1-9][0-9]{0,9}) ([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class GroupKey:
    """The key of one epoch."""

    epoch: int
    """At least 0; a later one has a higher number."""

    begins: date
    """First day, in UTC, on which sketches that leave are made with it."""

    secret: bytes = field(repr=False)
    """32 bytes."""

    @property
    def hash_key(self) -> Key:
        """The key of the hash of shingles."""
        return hash_key(b"phalanx template sketches" + self.secret)

    @property
    def fingerprint(self) -> str:
        """What members compare: 16 characters that tell nothing of the key."""
        return hashlib.sha256(b"phalanx group key fingerprint" + self.secret).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class GroupKeys:
    """All keys that a member holds, in order of their epochs."""

    keys: tuple[GroupKey, ...]

    def current(self, today: date) -> GroupKey:
        """Return the key with which what leaves is sketched.

        Raises:
            ConfigError: If no epoch has begun.

        Examples:
            >>> keys = GroupKeys((GroupKey(1, date(2026, 1, 1), bytes(32)),
            ...                   GroupKey(2, date(2026, 7, 1), bytes(32))))
            >>> keys.current(date(2026, 6, 30)).epoch, keys.current(date(2026, 7, 1)).epoch
            (1, 2)
        """
        for key in reversed(self.keys):
            if key.begins <= today:
                return key
        first = self.keys[0]
        message = f"the first group key, of epoch {first.epoch}, begins on {first.begins} (UTC)"
        raise ConfigError(
            message,
            next_step="Wait for that day, or leave `group_keys` out of the settings until then: "
            "no templates are shared without it.",
        )

    def of(self, epoch: int) -> GroupKey | None:
        """Return the key of an epoch, or nothing if it is not held."""
        return next((key for key in self.keys if key.epoch == epoch), None)


def read_group_keys(path: Path) -> GroupKeys:
    """Read the keys of a file that only its owner may read.

    Raises:
        ConfigError: If others may read it.
        InputError: If it is no file of group keys.
    """
    content = read_owned(path, _NAME, MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise _no_keys(path, "it is too large")
    found = []
    for number, line in enumerate(content.decode("ascii", "replace").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        # What is wrong in a line is not printed: it may be a key.
        parts = _LINE.fullmatch(line.strip())
        if parts is None:
            raise _no_keys(path, f"line {number} is not `epoch YYYY-MM-DD key-in-hexadecimal`")
        try:
            begins = date.fromisoformat(parts[2])
        except ValueError as error:
            raise _no_keys(path, f"line {number} has no such day") from error
        found.append(GroupKey(int(parts[1]), begins, bytes.fromhex(parts[3])))
    if not found:
        raise _no_keys(path, "it holds no key")
    for before, after in pairwise(found):
        if after.epoch <= before.epoch or after.begins <= before.begins:
            raise _no_keys(path, f"epoch {after.epoch} does not follow epoch {before.epoch}")
    if found[-1].epoch >= 2**31:
        raise _no_keys(path, "an epoch is below 2^31")
    return GroupKeys(tuple(found))


def add_group_key(path: Path, begins: date, secret: Callable[[int], bytes]) -> GroupKey:
    """Add the key of the next epoch to a file, or make the file with a first one.

    Parameters:
        path: Of the file, which only its owner will be able to read.
        begins: First day of its use, after that of the epoch before.
        secret: Gives so many random bytes.

    Raises:
        ConfigError: If others may read the file, or it cannot be written.
        InputError: If it is no file of group keys, or the day is not after the last one's.
    """
    held = read_group_keys(path).keys if path.exists() else ()
    if held and begins <= held[-1].begins:
        message = f"{path}: epoch {held[-1].epoch} begins on {held[-1].begins}"
        raise InputError(message, next_step="Begin the next one on a later day.")
    new = GroupKey(held[-1].epoch + 1 if held else 1, begins, secret(KEY_BYTES))
    _write(path, (*held, new))
    return new


def drop_group_keys(path: Path, before: int) -> tuple[int, ...]:
    """Remove the keys of epochs before one that is kept, and return their numbers.

    Raises:
        ConfigError: If others may read the file, or it cannot be written.
        InputError: If it is no file of group keys, or holds no such epoch.
    """
    held = read_group_keys(path)
    if held.of(before) is None:
        message = f"{path}: holds no key of epoch {before}"
        raise InputError(message, next_step="Name the oldest epoch that is to be kept.")
    _write(path, tuple(key for key in held.keys if key.epoch >= before))
    return tuple(key.epoch for key in held.keys if key.epoch < before)


def _write(path: Path, keys: tuple[GroupKey, ...]) -> None:
    lines = [f"{key.epoch} {key.begins.isoformat()} {key.secret.hex()}\n" for key in keys]
    try:
        with written_whole(path) as aside:
            aside.write_text(_HEADING + "".join(lines), encoding="ascii")
    except OSError as error:
        message = f"{path}: the {_NAME} cannot be written: {error.strerror}"
        raise ConfigError(message, next_step="Check the path and its permissions.") from error


def _no_keys(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path}: not a {_NAME}: {reason}",
        next_step="Ask a member for the file, or make one: phalanx share sketches new-key FILE",
    )
