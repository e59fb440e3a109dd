"""`phalanx share keys`: run the key server that blinds identifiers, and keep keys and members."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter, validators

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.rendering import OutputPath, TableOrJson, write_text
from phalanx.cli.share_keys_options import KeyServerOptions
from phalanx.cli.terminal import Common

keys = App(
    name="keys",
    help="Run the key server that blinds identifiers: never on the host of the hub.",
    help_format="markdown",
)

Database = Annotated[str, Parameter(name="--database")]
Folder = Annotated[Path, Parameter(name="--keys")]
Days = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=3_650))]
Lifetime = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=3_650))]
Count = Annotated[int, Parameter(validator=validators.Number(gte=1, lt=2**53))]
Rate = Annotated[float, Parameter(validator=validators.Number(gt=0, lt=1e9))]

_DATABASE = "keys.db"
_FOLDER = Path("keys")


@keys.command
def serve(
    *,
    folder: Folder = _FOLDER,
    database: Database = _DATABASE,
    options: KeyServerOptions = KeyServerOptions(),
    common: Common = Common(),
) -> ExitCode:
    """Run the key server until it is told to stop.

    It sees blinded values only, and writes a line of JSON for each request to standard error,
    without any value.

    Parameters:
        folder: Of the keys, which `rotate` makes. A running server sees each change at once.
        database: Of members and counts: an SQLite file, or `postgresql://USER@HOST/DATABASE`; the
            password comes from PGPASSWORD.
        options: How it listens, and what it bears.
        common: Options of every command.
    """
    from functools import partial

    from phalanx.cli.serving import serve_until_told
    from phalanx.share.blinding.server import serve as run

    settings = options.settings(folder, database)
    return serve_until_told(partial(run, settings), "the key server listens", settings, common)


@keys.command
def rotate(
    *,
    folder: Folder = _FOLDER,
    days: Lifetime = 30,
    grace_days: Days = 7,
    ahead_days: Days = 7,
    begins: datetime | None = None,
    common: Common = Common(),
) -> None:
    """Make the key of the next epoch when it is time, and destroy those that are over.

    Run it every day from a timer. It prints the number and the commitment of an epoch that it
    made: members compare commitments with each other, over another channel.

    Parameters:
        folder: Of the keys; made where there is none.
        days: How long an epoch lasts.
        grace_days: How long its key answers after that, before it is destroyed.
        ahead_days: How long before an epoch ends the next one is made.
        begins: Before which the next epoch does not begin (UTC).
        common: Options of every command.
    """
    from datetime import timedelta

    from phalanx.cli.share_keys_work import rotated
    from phalanx.share.blinding.keyring import Terms

    lengths = (timedelta(days=each) for each in (days, grace_days, ahead_days))
    made, destroyed = rotated(folder, Terms(*lengths), begins)
    if made is not None:
        write_text(f"{made.epoch} {made.commitment}\n", None)
    common.say(f"made: {made.epoch if made else 'none'}; destroyed: {len(destroyed)}")


@keys.command
def show(
    *,
    folder: Folder = _FOLDER,
    database: Database = _DATABASE,
    day: datetime | None = None,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """List epochs with their commitments, and members with what each asked on a day.

    Parameters:
        folder: Of the keys.
        database: Of members and counts.
        day: Of the counts (UTC); today if it is left out.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.share_keys_work import overview, overview_json, overview_text

    common.detail(f"reading {folder} and {database}")
    seen = overview(folder, database, day)
    write_text((overview_json if output_format == "json" else overview_text)(seen), output)


@keys.command
def add_member(
    name: str,
    /,
    *,
    database: Database = _DATABASE,
    elements_per_day: Count = 200_000,
    burst_elements: Count = 50_000,
    elements_per_second: Rate = 20.0,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Enter a member, and print its API key, which is shown this once.

    Parameters:
        name: Of small letters, digits and hyphens.
        database: Of members and counts; made where there is none.
        elements_per_day: Identifiers that the member may ask for in a day (UTC).
        burst_elements: At once, after a pause.
        elements_per_second: At which the burst is restored.
        output: File for the key, readable for its owner alone.
        common: Options of every command.
    """
    from phalanx.cli.share_keys_work import enter_member
    from phalanx.share.blinding.allowances import Limits

    limits = Limits(elements_per_day, burst_elements, elements_per_second)
    enter_member(database, name, limits, output)
    common.detail(f"{name}: entered in {database}")


@keys.command
def replace_key(
    name: str,
    /,
    *,
    database: Database = _DATABASE,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Give a member another API key, and print it, this once; the old one is worth nothing.

    Parameters:
        name: Of the member.
        database: Of members and counts.
        output: File for the key, readable for its owner alone.
        common: Options of every command.
    """
    from phalanx.cli.share_keys_work import replace_key as replace

    replace(database, name, output)
    common.detail(f"{name}: has another key")


@keys.command
def revoke_member(
    name: str, /, *, database: Database = _DATABASE, common: Common = Common()
) -> None:
    """Take away a member's right to ask, from the next request on.

    Parameters:
        name: Of the member.
        database: Of members and counts.
        common: Options of every command.
    """
    from phalanx.cli.share_keys_work import existing_tables, now
    from phalanx.share.blinding.members import revoke_member as revoke

    revoke(existing_tables(database), name, now())
    common.say(f"{name}: revoked")
