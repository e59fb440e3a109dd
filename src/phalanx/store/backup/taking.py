"""Taking a backup: every table in one transaction that sees one moment, then the files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Table, inspect, text

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.scratch import scratch_folder
from phalanx.store.backup.layout import (
    DIGEST,
    FILES,
    MANIFEST,
    MOST_LINE_BYTES,
    SCHEMA,
    TABLES,
    Backup,
    BackupFile,
    BackupTable,
    copied,
)
from phalanx.store.backup.reading import lines_of
from phalanx.store.backup.room import Room
from phalanx.store.place import DatabasePlace
from phalanx.store.schema import reach, translated


def room_of(place: DatabasePlace, rooms: Sequence[Room]) -> tuple[Room, ...]:
    """Return which of some rooms a database holds: one alone where it is a file.

    Raises:
        InputError: If it cannot be read.
        ServiceError: If the server cannot be reached.
    """
    with _seen(place) as connection:
        there = set(inspect(connection).get_table_names())
        return tuple(each for each in rooms if each.schema.version_table in there)


def back_up(  # noqa: PLR0913 - what is copied, where to, and when by whom
    place: DatabasePlace, folder: Path | None, room: Room, out: Path, *, now: datetime, by: str
) -> tuple[Backup, str]:
    """Back a room up into a new folder, which is whole or absent. Others may go on working.

    Parameters:
        place: Its database.
        folder: Of its files; null where it has none.
        room: Which one.
        out: New folder.
        now: When, with a time zone.
        by: Version of Phalanx.

    Returns:
        The manifest, and its SHA-256 in hexadecimal.

    Raises:
        InputError: If something cannot be read or written, or a file went while it was copied.
        VerificationError: If its tables are of another version than this code knows.
        ServiceError: If the server cannot be reached.
    """
    if out.exists() or out.is_symlink():
        message = f"{out}: is there already"
        raise InputError(message, next_step="Name a new folder.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(out.parent) as scratch:
            aside = scratch / "backup"
            aside.mkdir(mode=0o700)
            backup = _written(place, folder, room, aside, now=now, by=by)
            content = backup.as_bytes()
            sha256 = hashlib.sha256(content).hexdigest()
            for name, said in ((MANIFEST, content), (DIGEST, f"{sha256}\n".encode())):
                with (aside / name).open("wb") as file:
                    file.write(said)
                    file.flush()
                    os.fsync(file.fileno())
            _sync_folders(aside)
            aside.rename(out)
            _sync(out.parent)
    except OSError as error:
        message = f"{out}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Free some space, or check permissions.") from error
    return backup, sha256


def _written(  # noqa: PLR0913 - as `back_up`
    place: DatabasePlace, folder: Path | None, room: Room, aside: Path, *, now: datetime, by: str
) -> Backup:
    (aside / TABLES).mkdir(mode=0o700)
    (aside / FILES).mkdir(mode=0o700)
    with _seen(place) as connection:
        _refuse_other_version(connection, place, room)
        tables = tuple(
            _table(connection, each, aside) for each in room.schema.metadata.sorted_tables
        )
        needed = [] if room.files is None or folder is None else room.files(connection, folder)
        wanted = list(needed)
    files = []
    for each in wanted:
        size, digest = copied(each.path, aside / FILES / each.name)
        files.append(BackupFile(name=each.name, size_bytes=size, sha256=digest))
    return Backup(
        schema=SCHEMA, room=room.name, version=room.schema.head, taken_at=now, taken_by=by,
        tables=tables, files=tuple(files),
    )  # fmt: skip


def _table(connection: Connection, table: Table, aside: Path) -> BackupTable:
    digest, rows, size = hashlib.sha256(), 0, 0
    path = aside / TABLES / f"{table.name}.jsonl"
    with path.open("xb") as file:
        path.chmod(0o600)
        for line in lines_of(connection, table):
            if len(line) > MOST_LINE_BYTES:
                message = f"{table.name}: a row has more than {MOST_LINE_BYTES:,} bytes"
                raise InputError(message, next_step="Back it up with the database's own tools.")
            digest.update(line)
            rows += 1
            size += len(line)
            file.write(line)
        file.flush()
        os.fsync(file.fileno())
    columns = tuple(each.name for each in table.columns)
    return BackupTable(
        name=table.name, columns=columns, rows=rows, size_bytes=size, sha256=digest.hexdigest()
    )


@contextmanager
def _seen(place: DatabasePlace) -> Iterator[Connection]:
    """Hand out a connection that sees one moment, and lets others write meanwhile."""
    options = {} if place.file is not None else {"isolation_level": "REPEATABLE READ"}
    engine = reach(place)
    try:
        with translated(place), engine.connect().execution_options(**options) as connection:
            if place.file is not None:
                connection.exec_driver_sql("BEGIN")
            yield connection
    finally:
        engine.dispose()


def _refuse_other_version(connection: Connection, place: DatabasePlace, room: Room) -> None:
    table = room.schema.version_table
    if table not in inspect(connection).get_table_names():
        message = f"{place.name}: holds no {room.name}"
        raise InputError(message, next_step="Name the database that holds it.")
    found = str(connection.execute(text(f"SELECT * FROM {table}")).scalar())  # noqa: S608 - named in code
    if found != room.schema.head:
        message = f"{place.name}: its tables are of version {found}, not {room.schema.head}"
        raise VerificationError(message, next_step="Open it with this version once, then repeat.")


def _sync_folders(folder: Path) -> None:
    for each in (*(path for path in folder.rglob("*") if path.is_dir()), folder):
        _sync(each)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
