"""Digests of files that were hashed before, so that an unchanged shard is not hashed again.

A file is taken for unchanged if device, inode, size and both times are. Whoever deceives himself
here makes a release that the recipient refuses: he hashes everything.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import rfc8785

from phalanx.errors import ConfigError, InputError, reason_of
from phalanx.json_text import parse_object
from phalanx.owned import read_owned, written_whole

_MOST_BYTES = 64 << 20
_SETTLED_NS = 2_000_000_000
"""A file that was written so shortly before may be written again within one tick of its clock."""


class KnownDigests:
    """Digests by stamp and hash; kept in a file for its owner alone, or for this run only."""

    def __init__(self, path: Path | None = None, now_ns: Callable[[], int] = time.time_ns) -> None:
        """Read what is known.

        Parameters:
            path: Of the file, which may not be there yet.
            now_ns: Clock of the file system, in nanoseconds since 1970.

        Raises:
            ConfigError: If it is damaged, or others may read it.
        """
        self._path = path
        self.now_ns = now_ns
        self._known: dict[str, str] = {}
        if path is not None and path.exists():
            content = read_owned(path, "file of digests", _MOST_BYTES)
            try:
                said = parse_object(content, str(path))
                self._known = {stamp: bytes.fromhex(each).hex() for stamp, each in said.items()}
            except (InputError, ValueError, TypeError) as error:
                message = f"{path}: is no file of digests"
                raise ConfigError(message, next_step="Name another one, or remove it.") from error

    def get(self, stamp: str, hash_type: str) -> bytes | None:
        """Return the digest of a file that is as it was, or nothing."""
        found = self._known.get(f"{hash_type} {stamp}")
        return None if found is None else bytes.fromhex(found)

    def add(self, stamp: str, hash_type: str, digest: bytes, *, hashed_at_ns: int) -> None:
        """Note a digest, unless the file was written just before.

        Parameters:
            stamp: Of the file, see `stamp_of`.
            hash_type: Such as `sha256`.
            digest: Of its content.
            hashed_at_ns: Before the file was read, in nanoseconds since 1970.
        """
        if hashed_at_ns - int(stamp.rpartition(":")[2]) >= _SETTLED_NS:
            self._known[f"{hash_type} {stamp}"] = digest.hex()

    def save(self) -> None:
        """Write the file, if there is one.

        Raises:
            ConfigError: If it cannot be written.
        """
        if self._path is None:
            return
        try:
            with written_whole(self._path) as aside:
                aside.write_bytes(rfc8785.dumps(self._known) + b"\n")
        except OSError as error:
            message = f"{self._path}: cannot be written: {reason_of(error)}"
            raise ConfigError(message, next_step="Name another file of digests.") from error


def stamp_of(path: Path) -> str:
    """Return what changes when a file is written or replaced: device, inode, size and times."""
    status = os.lstat(path)
    return (
        f"{status.st_dev}:{status.st_ino}:{status.st_size}"
        f":{status.st_mtime_ns}:{status.st_ctime_ns}"
    )
