"""What opens the entries of a log: one database, of which each step reads what it needs."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from phalanx.errors import ConfigError, reason_of
from phalanx.owned import OWNER_ONLY
from phalanx.transparency.salted import SALT_BYTES

_TABLE = """CREATE TABLE IF NOT EXISTS opening (
    digest BLOB PRIMARY KEY, salt BLOB NOT NULL, entry INTEGER NOT NULL
) WITHOUT ROWID, STRICT"""
_FIND = "SELECT salt, entry FROM opening WHERE digest = ?"
_ALL = "SELECT digest, salt, entry FROM opening ORDER BY entry"
# An entry whose opening was lost in a break is entered again: the first one that is known counts.
_KEEP = "INSERT OR IGNORE INTO opening VALUES (?, ?, ?)"
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What an entry says to whom it is opened."""

    digest: str
    """SHA-256 of the payload of a statement, in hexadecimal."""

    salt: bytes
    index: int


@dataclass(frozen=True, slots=True)
class Openings:
    """Openings of one log, for its owner alone."""

    path: Path

    def find(self, digests: Sequence[str]) -> dict[str, Opening]:
        """Return the openings of those digests that were entered.

        Raises:
            ConfigError: If others may read the file, or it is damaged.
        """
        with self._connected() as connection:
            found = {each: connection.execute(_FIND, [bytes.fromhex(each)]) for each in digests}
            rows = {each: cursor.fetchone() for each, cursor in found.items()}
        return {each: self._opening(each, *row) for each, row in rows.items() if row is not None}

    def keep(self, openings: Sequence[Opening]) -> None:
        """Add openings, all of them or none; they are on the disk then.

        Raises:
            ConfigError: As `find`.
        """
        rows = [(bytes.fromhex(each.digest), each.salt, each.index) for each in openings]
        with self._connected() as connection:
            connection.executemany(_KEEP, rows)

    def all(self) -> Iterator[Opening]:
        """Yield every opening, in the order of the entries.

        Raises:
            ConfigError: As `find`.
        """
        with self._connected() as connection:
            for digest, salt, index in connection.execute(_ALL):
                yield self._opening(digest.hex(), salt, index)

    def _opening(self, digest: str, salt: bytes, index: int) -> Opening:
        if len(digest) != 2 * _DIGEST_BYTES or len(salt) != SALT_BYTES or index < 0:
            raise self.damaged()
        return Opening(digest=digest, salt=salt, index=index)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        self._refuse_others()
        try:
            with closing(sqlite3.connect(self.path, timeout=30.0)) as connection, connection:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute(_TABLE)
                yield connection
        except sqlite3.OperationalError as error:
            raise self._unusable(str(error)) from error
        except sqlite3.DatabaseError as error:
            raise self.damaged() from error

    def _refuse_others(self) -> None:
        """Make the file for its owner alone; SQLite gives what it makes beside it the same mode.

        A file that is there is not opened: closing it would give up locks of other threads.
        """
        try:
            if not self.path.exists():
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, OWNER_ONLY))
            mode = self.path.lstat().st_mode
        except OSError as error:
            raise self._unusable(reason_of(error)) from error
        if not stat.S_ISREG(mode) or mode & 0o077:
            message = f"{self.path}: the openings of a log can be read by others"
            raise ConfigError(message, next_step=f"Run: chmod 600 {self.path}")

    def _unusable(self, why: str) -> ConfigError:
        message = f"{self.path}: the openings of a log cannot be read or written: {why}"
        return ConfigError(message, next_step="Check the path, its permissions and the disk.")

    def damaged(self) -> ConfigError:
        """Return what is said of openings that are not of this log."""
        message = f"{self.path}: is damaged, or of another log"
        return ConfigError(message, next_step="Bring it back from a backup.")
