"""`phalanx store`: backups of what lasts, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from phalanx.cli.rendering import write_text
from phalanx.cli.terminal import Common

store = App(
    name="store",
    help="Back up the store, cases and the databases of the alliance, and bring them back.",
    help_format="markdown",
)

RoomName = Literal["store", "cases", "hub", "pool", "key-server", "broker"]
Folder = Annotated[Path | None, Parameter(show_default=False)]
Text = Annotated[str | None, Parameter(show_default=False)]


@store.command
def backup(
    database: Annotated[str, Parameter(name="DATABASE")],
    /,
    *,
    out: Path,
    folder: Folder = None,
    room: Annotated[RoomName | None, Parameter(show_default=False)] = None,
    common: Common = Common(),
) -> None:
    """Copy a database and its files, as one moment had them, and print the digest of the copy.

    Others may go on working meanwhile. Keep the digest elsewhere: `store restore --sha256` then
    finds malice as well as damage.

    Parameters:
        database: SQLite file, or `postgresql://USER@HOST/DATABASE`.
        out: New folder.
        folder: Of the files; beside the SQLite file, with `.parts` added, when left out.
        room: What is copied, where a server's database holds several.
        common: Options of every command.
    """
    from phalanx.cli.store_work import backed_up

    sha256, said = backed_up(database, folder, room, out)
    write_text(sha256 + "\n", None)
    common.say(said)


@store.command
def restore(
    backup: Annotated[Path, Parameter(name="BACKUP")],
    database: Annotated[str, Parameter(name="DATABASE")],
    /,
    *,
    folder: Folder = None,
    sha256: Text = None,
    common: Common = Common(),
) -> None:
    """Bring a backup back into a new database, of SQLite or PostgreSQL, whichever it came from.

    All of it is verified before anything is written, and what was written is compared with it. A
    place that is not empty is refused.

    Parameters:
        backup: Its folder.
        database: SQLite file, or `postgresql://USER@HOST/DATABASE`.
        folder: For the files; beside the SQLite file, with `.parts` added, when left out.
        sha256: Digest that was printed when the backup was taken.
        common: Options of every command.
    """
    from phalanx.cli.store_work import restored

    common.say(restored(backup, database, folder, sha256))


@store.command(name="check")
def store_check(
    backup: Annotated[Path, Parameter(name="BACKUP")],
    /,
    *,
    sha256: Text = None,
    common: Common = Common(),
) -> None:
    """Verify a backup where it lies.

    Parameters:
        backup: Its folder.
        sha256: Digest that was printed when it was taken.
        common: Options of every command.
    """
    from phalanx.cli.store_work import checked

    common.say(checked(backup, sha256))
