"""How a backup lies in its folder.

`manifest.json` names the room, its version, and every table and file with its digest; `manifest.
sha256` holds the digest of the manifest. `tables` holds a file of JSON lines for each table,
`files` what the rows need.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Annotated

import rfc8785
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.printable import printable

SCHEMA = "phalanx.backup/1"
MANIFEST, DIGEST, TABLES, FILES = "manifest.json", "manifest.sha256", "tables", "files"

MOST_MANIFEST_BYTES = 256 * 1024 * 1024
MOST_LINE_BYTES = 64 * 1024 * 1024
"""Of a row: the longest that a backup may hold."""

_PIECE_BYTES = 1 << 20
_LARGEST = (1 << 53) - 1
_AGAIN = "Take another backup, or bring this one from where it was kept."

_Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=0, le=_LARGEST)]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
_Path = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,3}$",
        max_length=512,
    ),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BackupTable(_Strict):
    """A table that was copied."""

    name: _Name
    columns: tuple[_Name, ...]
    rows: _Count
    size_bytes: _Count
    sha256: _Digest


class BackupFile(_Strict):
    """A file that was copied."""

    name: _Path
    size_bytes: _Count
    sha256: _Digest


class Backup(_Strict):
    """A manifest."""

    schema_: str = Field(alias="schema", pattern=f"^{SCHEMA}$")
    room: _Name
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,8}$")]
    """Of its tables."""

    taken_at: AwareDatetime
    taken_by: Annotated[str, StringConstraints(max_length=64)]
    """Version of Phalanx."""

    tables: tuple[BackupTable, ...]
    files: tuple[BackupFile, ...]

    def as_bytes(self) -> bytes:
        """Return the file of the manifest: canonical JSON (RFC 8785)."""
        return rfc8785.dumps(self.model_dump(mode="json", by_alias=True)) + b"\n"


def read_backup(folder: Path, sha256: str | None = None) -> Backup:
    """Read the manifest of a backup, and verify every table and file against it.

    Parameters:
        folder: Of the backup.
        sha256: Digest of the manifest as it was told when the backup was taken; null trusts the
            one beside it, which finds damage and not malice.

    Raises:
        VerificationError: If something is not as it was written; the message names it.
        InputError: If it is no backup, or cannot be read.
    """
    with opened(folder / MANIFEST) as file:
        content = file.read(MOST_MANIFEST_BYTES + 1)
    with opened(folder / DIGEST) as file:
        beside = file.read(128).decode("ascii", errors="replace")
    found = hashlib.sha256(content).hexdigest()
    if beside != f"{found}\n" or (sha256 is not None and sha256.lower() != found):
        raise _changed(folder / MANIFEST)
    try:
        backup = Backup.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(each) for each in first["loc"])
        message = f"{folder / MANIFEST}: no manifest of a backup: {where}: {first['msg']}"
        raise VerificationError(printable(message), next_step=_AGAIN) from error
    named = {
        MANIFEST, DIGEST, *(f"{TABLES}/{each.name}.jsonl" for each in backup.tables),
        *(f"{FILES}/{each.name}" for each in backup.files),
    }  # fmt: skip
    if len(named) != 2 + len(backup.tables) + len(backup.files):
        message = f"{folder / MANIFEST}: names a file twice"
        raise VerificationError(message, next_step=_AGAIN)
    for path in sorted(folder.rglob("*")):
        if not path.is_dir() and path.relative_to(folder).as_posix() not in named:
            message = f"{path}: does not belong to the backup"
            raise VerificationError(message, next_step="Remove it, and verify again.")
    for table in backup.tables:
        verify(folder / TABLES / f"{table.name}.jsonl", table.size_bytes, table.sha256)
    for each in backup.files:
        verify(folder / FILES / each.name, each.size_bytes, each.sha256)
    return backup


def verify(path: Path, size_bytes: int, sha256: str) -> None:
    """Refuse a file that is not the one that was written.

    Raises:
        VerificationError: If it is another.
        InputError: If it cannot be read.
    """
    with opened(path) as file:
        is_size = os.fstat(file.fileno()).st_size == size_bytes
        if is_size and hashlib.file_digest(file, "sha256").hexdigest() == sha256:
            return
    raise _changed(path)


def copied(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file onto the disk, and return the size and the digest of what was copied.

    Raises:
        InputError: If it cannot be read.
        OSError: If it cannot be written.
    """
    digest, size = hashlib.sha256(), 0
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with opened(source) as file, target.open("xb") as copy:
        target.chmod(0o600)
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())
    return size, digest.hexdigest()


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """Open a file that is one: no link, no pipe.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name the folder of a backup.") from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            message = f"{path}: is no file"
            raise InputError(message, next_step="Name the folder of a backup.")
        yield file


def _changed(path: Path) -> VerificationError:
    message = f"{path}: is not as the backup was written"
    return VerificationError(message, next_step=_AGAIN)
