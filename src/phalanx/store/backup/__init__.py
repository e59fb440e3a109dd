"""Backups: a room of a database and its files, copied as one moment had them, in a plain folder.

A table is a file of JSON lines, whichever database it came from, so that a backup of SQLite can be
brought back into PostgreSQL and the other way round. A manifest names every file with its digest.
"""

from __future__ import annotations

from phalanx.store.backup.bringing import restore
from phalanx.store.backup.layout import Backup, BackupFile, BackupTable, read_backup
from phalanx.store.backup.room import NeededFile, Room
from phalanx.store.backup.taking import back_up, room_of

__all__ = [
    "Backup",
    "BackupFile",
    "BackupTable",
    "NeededFile",
    "Room",
    "back_up",
    "read_backup",
    "restore",
    "room_of",
]
