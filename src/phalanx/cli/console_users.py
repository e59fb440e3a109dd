"""`phalanx console user`: who may sign in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter, validators

from phalanx.cli.console_options import Data
from phalanx.cli.rendering import OutputPath, TableOrJson, write_text
from phalanx.cli.terminal import Common

user = App(
    name="user",
    help="Say who may sign in to the console, and as what.",
    help_format="markdown",
)

RoleName = Literal["analyst", "counsel", "release-manager", "auditor", "administrator"]
Database = Annotated[str | None, Parameter(name="--database", show_default=False)]
Breached = Annotated[Path | None, Parameter(name="--breached", show_default=False)]
Name = Annotated[str, Parameter(name="NAME")]
_DATA = Path("phalanx-console")


@user.command
def add(
    name: Name,
    /,
    *,
    role: RoleName,
    elsewhere: bool = False,
    breached: Breached = None,
    data: Data = _DATA,
    database: Database = None,
    common: Common = Common(),
) -> None:
    """Enter a user. The password is asked for, or read from standard input.

    Parameters:
        name: Of the user, as the agreement of an alliance names who approves; an e-mail address
            where people sign in elsewhere.
        role: What the user is here for.
        elsewhere: Signs in with the identity provider only, and has no password.
        breached: List of SHA-1 digests of passwords that were breached, in their order.
        data: Folder of the console's users and sessions.
        database: `postgresql://USER@HOST/DATABASE` instead.
        common: Options of every command.
    """
    from phalanx.cli.console_work import enter, password_from_terminal

    password = None if elsewhere else password_from_terminal()
    enter(data, database, name, role, password, breached=breached)
    common.say(f"{name}: may sign in as {role}")


@user.command(name="list")
def list_all(
    *,
    data: Data = _DATA,
    database: Database = None,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """List all users.

    Parameters:
        data: Folder of the console's users and sessions.
        database: `postgresql://USER@HOST/DATABASE` instead.
        output_format: How to print.
        output: File to print into instead.
        common: Options of every command.
    """
    from phalanx.cli.console_work import listed

    common.detail(f"reading {database or data}")
    write_text(listed(data, database, output_format), output)


@user.command
def password(
    name: Name,
    /,
    *,
    breached: Breached = None,
    data: Data = _DATA,
    database: Database = None,
    common: Common = Common(),
) -> None:
    """Give a user a new password, and end all sessions and tokens of that user.

    Parameters:
        name: Of the user.
        breached: List of SHA-1 digests of passwords that were breached, in their order.
        data: Folder of the console's users and sessions.
        database: `postgresql://USER@HOST/DATABASE` instead.
        common: Options of every command.
    """
    from phalanx.cli.console_work import give_password, password_from_terminal

    give_password(data, database, name, password_from_terminal(), breached)
    common.say(f"{name}: has a new password, and is signed out everywhere")


@user.command
def disable(
    name: Name, /, *, data: Data = _DATA, database: Database = None, common: Common = Common()
) -> None:
    """Let a user sign in no longer. What was done under the name stays on record.

    Parameters:
        name: Of the user.
        data: Folder of the console's users and sessions.
        database: `postgresql://USER@HOST/DATABASE` instead.
        common: Options of every command.
    """
    from phalanx.cli.console_work import disable as disable_user

    disable_user(data, database, name)
    common.say(f"{name}: may not sign in any more")


@user.command
def token(
    name: Name,
    /,
    *,
    hours: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=24))] = 12,
    data: Data = _DATA,
    database: Database = None,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Print a token with which a program reads as a user, once; it can do nothing else.

    The program trades it for the next one before it ends, with a POST to `/api/v1/me/token`.

    Parameters:
        name: Of the user.
        hours: For which it is good.
        data: Folder of the console's users and sessions.
        database: `postgresql://USER@HOST/DATABASE` instead.
        output: File to write instead, for its owner alone.
        common: Options of every command.
    """
    from phalanx.cli.console_work import give_token

    give_token(data, database, name, hours, output)
    common.detail(f"{name}: good for {hours} hours")
