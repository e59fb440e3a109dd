"""`phalanx console`: one place to read what was found, in a browser."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from phalanx.cli.console_options import ConsoleOptions, Data, ShownPlaces
from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.terminal import Common

console = App(
    name="console",
    help="Read what was found in a browser, and decide what people have to decide.",
    help_format="markdown",
)
console.command("phalanx.cli.console_users:user", name="user")


@console.default
def serve(
    *,
    data: Data = Path("phalanx-console"),
    database: Annotated[str | None, Parameter(show_default=False)] = None,
    places: ShownPlaces = ShownPlaces(),
    options: ConsoleOptions = ConsoleOptions(),
    common: Common = Common(),
) -> ExitCode:
    """Run the console until Ctrl-C.

    It listens on this machine only, unless told otherwise. Users are entered with `phalanx console
    user add`. What is not named is not shown.

    Parameters:
        data: Folder of its users and sessions, made where there is none.
        database: `postgresql://USER@HOST/DATABASE` of users and sessions instead.
        places: What it shows.
        options: Where it listens, and how people sign in.
        common: Options of every command.
    """
    from phalanx.cli.console_work import database_of_console
    from phalanx.cli.serving import serve_until_told
    from phalanx.console.serve import serve as run

    settings = options.settings(database_of_console(data, database), places.places())
    common.detail(f"reading {len(settings.places.scans)} scans")
    return serve_until_told(
        partial(run, settings), f"the console listens at {settings.address},", settings, common
    )
