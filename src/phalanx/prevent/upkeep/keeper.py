"""Keeps the state on the disk, and tells after a crash how many requests it does not know of."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from phalanx.errors import InputError, reason_of
from phalanx.prevent.state.online import OnlineState
from phalanx.prevent.state.snapshot import RequestCount, Taken, read_snapshot, write_snapshot


class Keeper:
    """Keeps one state in one file, beside a count of requests that outlives the process.

    Parameters:
        state: That knows nobody yet; it is filled from the file, if there is one.
        key_id: Name of the key under which accounts are hashed.
        path: Of the file; the count stands beside it, in a file that ends with `.count`.
        now_us: By the clock of the machine.

    Raises:
        InputError: If the file is no snapshot, cannot be written, or is kept by another gateway.
        ConfigError: If it was made under another key.
    """

    def __init__(self, state: OnlineState, key_id: str, path: Path, now_us: int) -> None:
        """Fill the state."""
        self._state = state
        self._key_id = key_id
        self._path = path
        counted = path.with_name(f"{path.name}.count")
        self._count = RequestCount(counted)
        self._lock = _locked(counted)
        self.taken: Taken | None = None
        """The last snapshot that was read or written; null before the first."""
        if path.exists():
            self.taken = read_snapshot(state, key_id, path, now_us)
        kept = 0 if self.taken is None else self.taken.requests
        self.lost = max(self._count.requests - kept, 0)
        """Requests that had come in before, and that the state does not know of."""

    def arrived(self) -> None:
        """Count a request on the disk."""
        self._count.add()

    def close(self) -> None:
        """Let another keeper have the file."""
        os.close(self._lock)

    def keep(self) -> Taken:
        """Write a snapshot aside, and put it in the place of the last.

        Raises:
            InputError: If it cannot be written; the last one stays.
        """
        # Counted before rows are copied: a request that comes in meanwhile may be told as lost
        # although it was kept, and is never told as kept although it was lost.
        requests = self._count.requests
        self.taken = write_snapshot(self._state, requests, self._key_id, self._path)
        return self.taken


def _locked(path: Path) -> int:
    """Return a descriptor under which a file is locked, until the process ends at the latest."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        message = f"{path}: cannot be locked: {reason_of(error)}"
        raise InputError(message, next_step="Name a folder that can be written.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        message = f"{path}: another gateway keeps its state there"
        raise InputError(message, next_step="Name another file with --state.") from error
    return descriptor
