"""What the commands about backups do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from phalanx import __version__
from phalanx.cli.databases import made_before
from phalanx.errors import ConfigError, InputError
from phalanx.govern.cases.room import CASE_ROOM
from phalanx.release.broker.tables import TABLES as BROKER
from phalanx.share.blinding.tables import TABLES as KEY_SERVER
from phalanx.share.hub.database import HUB
from phalanx.share.pool.tables import POOL
from phalanx.store.backup import Backup, Room, back_up, read_backup, restore, room_of
from phalanx.store.kept_files import STORE_ROOM
from phalanx.store.place import Place, place_of

ROOMS = (
    STORE_ROOM,
    CASE_ROOM,
    Room(name="hub", schema=HUB),
    Room(name="pool", schema=POOL),
    Room(name="key_server", schema=KEY_SERVER),
    Room(name="broker", schema=BROKER),
)


def backed_up(database: str, folder: Path | None, room: str | None, out: Path) -> tuple[str, str]:
    """Back a database up; return the digest of the manifest, and what is in the backup.

    Raises:
        InputError: If it holds nothing of Phalanx, or several rooms and none was named.
        ConfigError: If files need a folder, and none was named.
    """
    made_before(database, "database", "Name one that is there.")
    place = place_of(database, folder or Path())
    there = room_of(place, ROOMS)
    wanted = [each for each in there if room in {None, each.name.replace("_", "-")}]
    if len(wanted) != 1:
        names = ", ".join(each.name.replace("_", "-") for each in there) or "nothing of Phalanx"
        message = f"{place.name}: holds {names}"
        raise InputError(message, next_step="Name one of them with --room.")
    (chosen,) = wanted
    taken, sha256 = back_up(
        place, _folder(database, folder, chosen), chosen, out, now=datetime.now(UTC),
        by=__version__,
    )  # fmt: skip
    return sha256, f"{out}: {_said(taken)}"


def restored(source: Path, database: str, folder: Path | None, sha256: str | None) -> str:
    """Bring a backup back, and say what came."""
    backup = read_backup(source, sha256)
    room = next((each for each in ROOMS if each.name == backup.room), None)
    if room is None:
        message = f"{source}: is of a room {backup.room!r} that this version does not know"
        raise InputError(message, next_step="Update Phalanx.")
    place = place_of(database, folder or Path())
    restore(source, place, _folder(database, folder, room), room, sha256)
    return f"{place.name}: {_said(backup)}"


def checked(source: Path, sha256: str | None) -> str:
    """Verify a backup, and say what it holds."""
    return f"{source}: {_said(read_backup(source, sha256))}"


def _folder(database: str, folder: Path | None, room: Room) -> Path | None:
    if room.files is None:
        if folder is not None:
            message = f"the {room.name} keeps no files"
            raise ConfigError(message, next_step="Leave --folder out.")
        return None
    place: Place = place_of(database, folder)
    return place.folder


def _said(backup: Backup) -> str:
    rows = sum(each.rows for each in backup.tables)
    return (
        f"{backup.room} of {backup.taken_at.isoformat(timespec='seconds')}, {rows:,} rows in "
        f"{len(backup.tables)} tables and {len(backup.files):,} files"
    )
