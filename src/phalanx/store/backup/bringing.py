"""Bringing a backup back: verified first, into an empty place, as a whole or not at all."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, Table, func, select, text

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.scratch import scratch_folder
from phalanx.store.backup.layout import (
    FILES,
    MOST_LINE_BYTES,
    TABLES,
    Backup,
    copied,
    opened,
    read_backup,
    verify,
)
from phalanx.store.backup.reading import digest_of
from phalanx.store.backup.room import Room
from phalanx.store.backup.values import row_of
from phalanx.store.place import DatabasePlace
from phalanx.store.schema import bring_up, reach, translated

_AT_ONCE = 1_000


def restore(
    source: Path, place: DatabasePlace, folder: Path | None, room: Room, sha256: str | None = None
) -> Backup:
    """Bring a backup back into a database of either kind, which has to be empty.

    Everything is verified before anything is written; what was written is read again and compared
    with the backup before it is kept.

    Parameters:
        source: Folder of the backup.
        place: The database.
        folder: For the files: new, empty, or with what a restore that was broken off brought. Null
            where the room has none.
        room: What the backup is of.
        sha256: Digest of its manifest, as it was told when it was taken.

    Returns:
        The manifest.

    Raises:
        VerificationError: If the backup is not as it was written, is of another version, or came
            out differently.
        InputError: If the place is not empty, or cannot be written.
        ServiceError: If the server cannot be reached.
    """
    backup = read_backup(source, sha256)
    _refuse_other_room(backup, room, source)
    if backup.files and folder is None:
        message = f"{source}: has files, and no folder was named for them"
        raise InputError(message, next_step="Name one with --folder.")
    is_brought = folder is not None and _is_brought(backup, folder)
    if folder is not None and not is_brought and folder.exists() and any(folder.iterdir()):
        message = f"{folder}: is not empty"
        raise InputError(message, next_step="Name a new folder.")
    engine = reach(place)
    try:
        with translated(place), engine.begin() as connection:
            bring_up(connection, place, room.schema)
            if place.file is not None and not connection.connection.in_transaction:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            _refuse_rows(connection, place, room)
            for table in room.schema.metadata.sorted_tables:
                _bring(connection, table, source)
            _refuse_differences(connection, backup, room)
            if folder is not None and not is_brought:
                _bring_files(backup, source, folder)
    finally:
        engine.dispose()
    return backup


def _refuse_other_room(backup: Backup, room: Room, source: Path) -> None:
    tables = room.schema.metadata.tables
    if backup.room != room.name or {each.name for each in backup.tables} != set(tables):
        message = f"{source}: is a backup of {backup.room}, with other tables"
        raise VerificationError(message, next_step="Name the right backup.")
    if backup.version != room.schema.head:
        message = f"{source}: is of version {backup.version} of the tables, not {room.schema.head}"
        next_step = "Bring it back with the Phalanx that took it; a newer one opens it then."
        raise VerificationError(message, next_step=next_step)
    for each in backup.tables:
        if list(each.columns) != [column.name for column in tables[each.name].columns]:
            message = f"{source}: {each.name} has other columns"
            raise VerificationError(message, next_step="Take another backup.")


def _refuse_rows(connection: Connection, place: DatabasePlace, room: Room) -> None:
    for table in room.schema.metadata.sorted_tables:
        if connection.execute(select(func.count()).select_from(table)).scalar():
            message = f"{place.name}: {table.name} is not empty"
            raise InputError(message, next_step="Name a new database.")


def _bring(connection: Connection, table: Table, source: Path) -> None:
    path = source / TABLES / f"{table.name}.jsonl"
    with opened(path) as file:
        rows = (
            row_of(line, table, f"line {number:,} of {path}")
            for number, line in enumerate(iter(lambda: file.readline(MOST_LINE_BYTES), b""), 1)
        )
        while some := list(islice(rows, _AT_ONCE)):
            connection.execute(table.insert(), some)
    _set_sequence(connection, table)


def _set_sequence(connection: Connection, table: Table) -> None:
    """Let PostgreSQL count on from the largest number that was brought."""
    column = table.autoincrement_column
    if column is None or connection.dialect.name != "postgresql":
        return
    named = text("SELECT pg_get_serial_sequence(:table, :column)")
    sequence = connection.execute(named, {"table": table.name, "column": column.name}).scalar()
    most = connection.execute(select(func.max(column))).scalar()
    if sequence is not None and most is not None:
        connection.execute(text("SELECT setval(:name, :most)"), {"name": sequence, "most": most})


def _refuse_differences(connection: Connection, backup: Backup, room: Room) -> None:
    tables = room.schema.metadata.tables
    for each in backup.tables:
        found = digest_of(connection, tables[each.name])
        if found != (each.rows, each.size_bytes, each.sha256):
            message = f"{each.name} did not come out as it was backed up"
            raise VerificationError(message, next_step="Bring it back into another database.")


def _is_brought(backup: Backup, folder: Path) -> bool:
    """Tell whether a folder holds the files of a backup, and nothing else."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if not found or found != {each.name for each in backup.files}:
        return False
    try:
        for each in backup.files:
            verify(folder / each.name, each.size_bytes, each.sha256)
    except VerificationError:
        return False
    return True


def _bring_files(backup: Backup, source: Path, folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(folder.parent) as scratch:
            aside = scratch / "files"
            aside.mkdir(mode=0o700)
            for each in backup.files:
                found = copied(source / FILES / each.name, aside / each.name)
                if found != (each.size_bytes, each.sha256):
                    message = f"{source / FILES / each.name}: changed while it was read"
                    raise VerificationError(message, next_step="Bring it back again.")
            # Takes the place of an empty folder as well.
            aside.rename(folder)
    except OSError as error:
        message = f"{folder}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Free some space, or check permissions.") from error
