"""What was wrong with the input: rejected rows, and notes on rows that were kept."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Protocol


class RejectsList(Protocol):
    """Keeps rejected rows one by one."""

    def add(self, file: str, unit: str, positions: Iterable[int], reason: str) -> None:
        """Keep some rows."""
        ...

    def finish(self) -> None:
        """Make the list final: nothing follows."""
        ...

    def abandon(self) -> None:
        """Drop the list."""
        ...


class RejectsFile:
    """Lists rejected rows as JSON lines, under another name until it is finished.

    Parameters:
        path: Where the list is to stand in the end.
    """

    def __init__(self, path: Path) -> None:
        """Open the unfinished file."""
        self._path = path
        # A name of its own, so that two runs with one target do not write into each other.
        self._partial = path.with_name(f"{path.name}.{secrets.token_hex(8)}.partial")
        self._file = self._partial.open("x", encoding="utf-8")

    def add(self, file: str, unit: str, positions: Iterable[int], reason: str) -> None:
        """Write a line for each row."""
        for position in positions:
            entry = {"file": file, unit: int(position), "reason": reason}
            self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def finish(self) -> None:
        """Give the file its name."""
        self._file.close()
        self._partial.replace(self._path)

    def abandon(self) -> None:
        """Remove the unfinished file."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


class Quality:
    """Counts rejects and notes, and lists the rejects in a file when there is one.

    Examples:
        >>> quality = Quality()
        >>> quality.reject("a.jsonl", "line", [3, 7], "not valid JSON")
        >>> quality.rejects
        Counter({'not valid JSON': 2})
    """

    def __init__(self) -> None:
        """Start with clean counts and no list."""
        self.rejects: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.warnings: list[str] = []
        self._list: RejectsList | None = None

    def list_rejects_in(self, rejects: RejectsList) -> None:
        """List what is rejected from now on."""
        self._list = rejects

    def reject(self, file: str, unit: str, positions: Collection[int], reason: str) -> None:
        """Record rows that cannot be used.

        Parameters:
            file: Path as given, or `frame`.
            unit: What `positions` count: `line`, `row`, `record` or `span`, from 1.
            positions: Where the rows stand.
            reason: Why, without any content of the row.
        """
        if len(positions):
            self.rejects[reason] += len(positions)
            if self._list is not None:
                self._list.add(file, unit, positions, reason)

    def note(self, what: str, count: int = 1) -> None:
        """Record something that was mended or left empty on rows that were kept."""
        if count:
            self.notes[what] += count

    def warn(self, what: str, count: int = 1) -> None:
        """Record that part of the input was not used, which is a note too."""
        self.notes[what] += count
        self.warnings.append(what)

    def finish(self) -> None:
        """Put the list of rejects in its place; it is empty when nothing was rejected."""
        if self._list is not None:
            self._list.finish()
            self._list = None

    def abandon(self) -> None:
        """Remove the unfinished list of rejects."""
        if self._list is not None:
            self._list.abandon()
            self._list = None
