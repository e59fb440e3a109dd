"""What is known of a corpus so far: a file that a run goes on from, wherever it was killed.

SQLite, one transaction for each batch. The file holds names, p-values and keyed numbers, no text. A
run goes on only if the settings are the same, and if what it passes over reads as it did.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from phalanx.authorship.corpus.clusters import BANDS
from phalanx.errors import ConfigError, InputError
from phalanx.owned import OWNER_ONLY

FORMAT = "phalanx.authorship-corpus-state/2"
"""Version 1 told no document as mixed: the two are not continued by each other."""

_BANDS = ", ".join(f"b{band} INTEGER NOT NULL" for band in range(BANDS))
_TABLES = f"""
    CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE documents (
        position INTEGER PRIMARY KEY, name TEXT NOT NULL, belongs TEXT NOT NULL,
        reason TEXT NOT NULL, log10_p REAL, reference INTEGER NOT NULL, served REAL, {_BANDS}
    ) STRICT;
    CREATE TABLE rejects (name TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
"""
_INSERT = "INSERT INTO documents VALUES (NULL" + ", ?" * (6 + BANDS) + ")"
_NEXT = "Name the file of a run with the same settings, or a new one, with --state."


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What is noted of one document."""

    name: str
    group: str
    reason: str
    """Why it is not evaluable for the detector; empty otherwise."""

    log10_p: float | None
    """Of "a human wrote it"."""

    reference: int
    """Human documents that it was ranked among."""

    served: float | None
    """Base-10 logarithm of p of "written without what was served"; null if it was not asked."""

    bands: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All that was noted, by columns."""

    names: tuple[str, ...]
    groups: tuple[str, ...]
    reasons: tuple[str, ...]
    log10_p: npt.NDArray[np.float64]
    """NaN where there is none."""

    reference: npt.NDArray[np.int64]
    served: npt.NDArray[np.float64]
    """NaN where there is none."""

    bands: npt.NDArray[np.int64]


class State:
    """The file, open."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Take a connection to tables that are there."""
        self._connection, self._path = connection, path

    @property
    def read(self) -> int:
        """Documents and rejects that were passed."""
        return int(self._value("read") or 0)

    @property
    def chain(self) -> str:
        """Digest of them."""
        return self._value("chain")

    def note(
        self, documents: Sequence[Noted], rejects: Sequence[tuple[str, str]], read: int, chain: str
    ) -> None:
        """Note a batch, all of it or nothing.

        Raises:
            InputError: If there is no room.
        """
        rows = [
            (each.name, each.group, each.reason, each.log10_p, each.reference, each.served,
             *each.bands)
            for each in documents
        ]  # fmt: skip
        try:
            with self._connection:
                self._connection.executemany(_INSERT, rows)
                self._connection.executemany("INSERT INTO rejects VALUES (?, ?)", rejects)
                self._connection.executemany(
                    "INSERT OR REPLACE INTO settings VALUES (?, ?)",
                    [("read", str(read)), ("chain", chain)],
                )
        except sqlite3.Error as error:
            raise _broken(self._path, error) from error

    def table(self) -> Table:
        """Return all that was noted, in the order of the corpus."""
        columns = ", ".join(f"b{band}" for band in range(BANDS))
        query = "SELECT name, belongs, reason, log10_p, reference, served, "
        try:
            rows = self._connection.execute(
                f"{query}{columns} FROM documents ORDER BY position"
            ).fetchall()
        except sqlite3.Error as error:
            raise _broken(self._path, error) from error
        return Table(
            names=tuple(row[0] for row in rows),
            groups=tuple(row[1] for row in rows),
            reasons=tuple(row[2] for row in rows),
            log10_p=np.array([row[3] for row in rows], dtype=np.float64),
            reference=np.array([row[4] for row in rows], dtype=np.int64),
            served=np.array([row[5] for row in rows], dtype=np.float64),
            bands=np.array([row[6:] for row in rows], dtype=np.int64).reshape(-1, BANDS),
        )

    def rejects(self) -> tuple[int, tuple[tuple[str, str], ...]]:
        """Return how many were left out, and the first of them."""
        (count,) = self._connection.execute("SELECT count(*) FROM rejects").fetchone()
        first = self._connection.execute("SELECT name, reason FROM rejects LIMIT 5").fetchall()
        return int(count), tuple((str(name), str(reason)) for name, reason in first)

    def _value(self, name: str) -> str:
        row = self._connection.execute(
            "SELECT value FROM settings WHERE name = ?", (name,)
        ).fetchone()
        return "" if row is None else str(row[0])


@contextmanager
def open_state(path: Path | None, settings: str) -> Iterator[State]:
    """Open the file of a run, or make it.

    Parameters:
        path: Of the file; null keeps all of it in memory.
        settings: Digest of all that the answers depend on.

    Raises:
        InputError: If it is no such file.
        ConfigError: If it is of a run with other settings.
    """
    place = ":memory:" if path is None else str(path)
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=OWNER_ONLY)
        with closing(sqlite3.connect(place)) as connection:
            found = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if found[0] == 0:
                with connection:
                    connection.executescript(_TABLES)
                    connection.executemany(
                        "INSERT INTO settings VALUES (?, ?)",
                        [("format", FORMAT), ("settings", settings)],
                    )
            known = dict(connection.execute("SELECT name, value FROM settings").fetchall())
            if known.get("format") != FORMAT:
                message = f"{path}: is no state of a corpus of the format {FORMAT}"
                raise InputError(message, next_step=_NEXT)
            if known.get("settings") != settings:
                message = f"{path}: is of a run with another corpus, detector, index or level"
                raise ConfigError(message, next_step=_NEXT)
            yield State(connection, path or Path(place))
    except (sqlite3.Error, OSError) as error:
        raise _broken(path or Path(place), error) from error


def _broken(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: cannot be used: {str(error)[:200]}", next_step=_NEXT)
