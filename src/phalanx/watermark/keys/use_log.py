"""What was done with keys: one line each, every line holding the hash of the one before.

The log holds no key and no name of an account, only ids, numbers and reasons. Lines cannot be
changed or taken out without every later hash changing; the vault keeps the hash of the last line
of its own writing, so that the end of the log cannot be cut off before that either.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import rfc8785

from phalanx.errors import ConfigError, InputError, VerificationError
from phalanx.owned import OWNER_ONLY, read_owned

Kind = Literal[
    "made", "rotated", "destroyed", "withdrawn", "resealed", "written", "derived", "asked", "opened"
]
"""What happened. `written` notes the generation of the vault that was written, `asked` and
`opened` an opening of audit keys under dual control, `withdrawn` keys that are not derived any
more."""

_KINDS = get_args(Kind)
BEGINNING = "0" * 64
"""Stands where the first line names the one before it."""

MOST_BYTES = 256 << 20
_NAME = "log of uses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One line of the log."""

    number: int
    """From 1, without gaps."""

    at: datetime
    kind: Kind
    by: str
    """Person or program."""

    facts: Mapping[str, Any]
    previous: str
    """Hash of the line before."""

    line_hash: str
    """SHA-256 of this line, in hexadecimal."""


class UseLog:
    """The log in a file for its owner alone.

    Parameters:
        path: Of the file; it is made with the first line.
    """

    def __init__(self, path: Path) -> None:
        """Keep the path."""
        self.path = path

    def append(self, at: datetime, kind: Kind, by: str, facts: Mapping[str, Any]) -> Use:
        """Add a line, which is on the disk when this returns; the vault is held meanwhile.

        Parameters:
            at: When it happened, with a time zone.
            kind: What happened.
            by: Who did it.
            facts: Plain JSON: ids, numbers, reasons.

        Raises:
            ConfigError: If the file cannot be written, or others may read it.
            VerificationError: If the log is not whole.
        """
        uses = self.uses()
        said: dict[str, Any] = {
            "number": len(uses) + 1,
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "kind": kind,
            "by": by[:200],
            "facts": dict(facts),
            "previous": uses[-1].line_hash if uses else BEGINNING,
        }
        line = rfc8785.dumps(said)
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
            with os.fdopen(os.open(self.path, flags, OWNER_ONLY), "ab") as file:
                file.write(line + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            message = f"{self.path}: the {_NAME} cannot be written: {error.strerror}"
            raise ConfigError(message, next_step="Check the path and its permissions.") from error
        return _read(line, said["number"], said["previous"])

    def uses(self) -> tuple[Use, ...]:
        """Return all lines after verifying them.

        Raises:
            ConfigError: If others may read the file.
            VerificationError: If a line is not as it was written, or is missing.
        """
        if not self.path.exists():
            return ()
        content = read_owned(self.path, _NAME, MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            message = f"{self.path}: the {_NAME} is too large"
            raise InputError(message, next_step="Begin a new vault, and keep this one.")
        whole, _, torn = content.rpartition(b"\n")
        if torn:
            # The machine went down while it was written; nothing was done yet.
            self._cut(len(content) - len(torn))
        uses: list[Use] = []
        for number, line in enumerate(whole.split(b"\n") if whole else (), 1):
            uses.append(_read(line, number, uses[-1].line_hash if uses else BEGINNING))
        return tuple(uses)

    def _cut(self, size_bytes: int) -> None:
        try:
            os.truncate(self.path, size_bytes)
        except OSError as error:
            message = f"{self.path}: the {_NAME} cannot be mended: {error.strerror}"
            raise ConfigError(message, next_step="Check the path and its permissions.") from error


def _read(line: bytes, number: int, previous: str) -> Use:
    try:
        said = json.loads(line)
        use = Use(
            number=said["number"],
            at=datetime.fromisoformat(said["at"]),
            kind=said["kind"],
            by=said["by"],
            facts=said["facts"],
            previous=said["previous"],
            line_hash=hashlib.sha256(line).hexdigest(),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _tampered(number) from error
    is_whole = isinstance(use.facts, dict) and use.kind in _KINDS and use.at.tzinfo is not None
    if is_whole and use.kind == "written":
        is_whole = type(use.facts.get("generation")) is int
        is_whole = is_whole and isinstance(use.facts.get("sha256"), str)
    if not is_whole or (use.number, use.previous) != (number, previous):
        raise _tampered(number)
    return use


def _tampered(number: int) -> VerificationError:
    message = f"line {number} of the log of uses was changed or removed"
    return VerificationError(message, next_step="Restore the log from a backup.")
