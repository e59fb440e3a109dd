"""Cases as a room that is backed up: their tables, and the files that are not destroyed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, select

from phalanx.govern.cases.tables import ITEMS, SCHEMA
from phalanx.store.backup import NeededFile, Room


def _files(connection: Connection, folder: Path) -> Iterator[NeededFile]:
    chosen = select(ITEMS.c.sha256).where(ITEMS.c.is_destroyed == 0).distinct()
    for sha256 in connection.execute(chosen.order_by(ITEMS.c.sha256)).scalars():
        yield NeededFile(sha256, folder / sha256)


CASE_ROOM = Room(name="cases", schema=SCHEMA, files=_files)
