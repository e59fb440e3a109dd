"""What was wrong with the input: rejected rows, and notes on rows that were kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import IO


class Quality:
    """Count rejects and notes; list the rejects in a file that appears when reading ends.

    Parameters:
        rejects_path: Where to list rejected rows; null only counts them.

    Examples:
        >>> quality = Quality()
        >>> quality.reject("a.jsonl", "line", [3, 7], "not valid JSON")
        >>> quality.rejects
        Counter({'not valid JSON': 2})
    """

    def __init__(self, rejects_path: Path | None = None) -> None:
        """Start with clean counts; the file is opened at the first reject."""
        self.rejects: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self._path = rejects_path
        self._unfinished: IO[str] | None = None

    def reject(self, file: str, unit: str, positions: Iterable[int], reason: str) -> None:
        """Record rows that cannot be used.

        Parameters:
            file: Path as given, or `frame`.
            unit: What `positions` count: `line`, `row` or `record`, from 1.
            positions: Where the rows stand.
            reason: Why, without any content of the row.
        """
        count = 0
        for count, position in enumerate(positions, start=1):  # noqa: B007 - kept as total
            if self._path is not None:
                entry = {"file": file, unit: int(position), "reason": reason}
                self._file().write(json.dumps(entry, ensure_ascii=False) + "\n")
        self.rejects[reason] += count

    def note(self, what: str, count: int = 1) -> None:
        """Record something that was mended or left empty on rows that were kept."""
        if count:
            self.notes[what] += count

    def finish(self) -> None:
        """Put the rejects file in its place; it is empty when nothing was rejected."""
        if self._path is not None:
            self._file().close()
            self._partial_path().replace(self._path)
            self._unfinished = None

    def abandon(self) -> None:
        """Remove the unfinished rejects file."""
        if self._unfinished is not None and self._path is not None:
            self._unfinished.close()
            self._partial_path().unlink(missing_ok=True)
            self._unfinished = None

    def _partial_path(self) -> Path:
        assert self._path is not None
        return self._path.with_name(self._path.name + ".partial")

    def _file(self) -> IO[str]:
        if self._unfinished is None:
            self._unfinished = self._partial_path().open("w", encoding="utf-8")
        return self._unfinished
