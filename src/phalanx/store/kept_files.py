"""The store as a room that is backed up: its tables, and the files of the scans that count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, select

from phalanx.errors import InputError, reason_of
from phalanx.store.backup import NeededFile, Room
from phalanx.store.tables import SCANS, SCHEMA


def _files(connection: Connection, folder: Path) -> Iterator[NeededFile]:
    for number in connection.execute(select(SCANS.c.number).order_by(SCANS.c.number)).scalars():
        scan = folder / f"scan-{number:05d}"
        try:
            paths = sorted(path for path in scan.iterdir() if path.is_file())
        except OSError as error:
            message = f"{scan}: cannot be read: {reason_of(error)}"
            raise InputError(message, next_step="Name the folder of files.") from error
        yield from (NeededFile(f"{scan.name}/{path.name}", path) for path in paths)


STORE_ROOM = Room(name="store", schema=SCHEMA, files=_files)
