"""`phalanx share hub`: run the hub of an alliance; say who its members are and what they may do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.rendering import OutputPath, TableOrJson, write_text
from phalanx.cli.share_hub_options import DATABASE, Database, HubOptions
from phalanx.cli.terminal import Common

hub = App(
    name="hub",
    help="Run the hub of an alliance, and keep its members.",
    help_format="markdown",
)

for _name in ("add-certificate", "remove-certificates", "set-password"):
    hub.command(f"phalanx.cli.share_hub_proofs:{_name.replace('-', '_')}", name=_name)

Root = Annotated[str, Parameter(name="--root")]
Right = Literal["read", "write", "delete"]

_ROOT = "alliance"


@hub.command
def serve(
    *,
    database: Database = DATABASE,
    key: Path = Path("hub.key"),
    objects: Literal["stix", "any"] = "stix",
    options: HubOptions = HubOptions(),
    common: Common = Common(),
) -> ExitCode:
    """Run the hub until it is told to stop.

    It writes a line of JSON for each request to standard error.

    Parameters:
        database: SQLite file, or `postgresql://USER@HOST/DATABASE`; the password comes from
            PGPASSWORD.
        key: File of the hub's key, which signs tokens and places in lists; made where there is
            none.
        objects: What is taken: objects of sound structure, patterns among it, or any that have an
            identifier.
        options: How it listens, and what it bears.
        common: Options of every command.
    """
    from functools import partial

    from phalanx.cli.serving import serve_until_told
    from phalanx.cli.share_hub_work import refuse_missing
    from phalanx.share.hub import read_object
    from phalanx.share.hub import serve as run
    from phalanx.share.wire import check

    refuse_missing(database)
    settings = options.settings(database, key)
    checked = read_object if objects == "any" else lambda raw: check(raw).fields
    run_it = partial(run, settings, check=checked)
    return serve_until_told(run_it, "the hub listens", settings, common)


@hub.command
def show(
    *,
    database: Database = DATABASE,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """List collections and members: what each may do, and the names of its API keys.

    Parameters:
        database: Of the hub.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.share_hub_view import overview_json, overview_text
    from phalanx.cli.share_hub_work import existing_hub
    from phalanx.share.hub.overview import collections_in, members_in

    common.detail(f"reading {database}")
    with existing_hub(database) as found, found.read() as connection:
        seen = collections_in(connection), members_in(connection)
    write_text((overview_json if output_format == "json" else overview_text)(*seen), output)


@hub.command
def add_collection(
    name: str,
    /,
    *,
    title: str = "",
    description: str | None = None,
    root: Root = _ROOT,
    root_title: str = "The alliance",
    database: Database = DATABASE,
    common: Common = Common(),
) -> None:
    """Make a collection, which nobody knows of before `set-rights`; print its path on the hub.

    The database is made where there is none, and so is the API root.

    Parameters:
        name: Of small letters, digits and hyphens; members may use it in place of the identifier.
        title: What members read.
        description: What members read besides.
        root: API root that it belongs to, the first word of its path.
        root_title: Title of the API root, if it is made now.
        database: Of the hub.
        common: Options of every command.
    """
    from phalanx.cli.share_hub_work import make_collection
    from phalanx.share.hub import Root as ApiRoot

    said = (title or name, description)
    path = make_collection(database, ApiRoot(root, root_title), name, *said)
    common.detail(f"made in {database}")
    write_text(path + "\n", None)


@hub.command
def add_member(
    name: str,
    /,
    *,
    database: Database = DATABASE,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Enter a member, and print its API key, which is shown this once.

    Parameters:
        name: Under which the hub knows the member.
        database: Of the hub; made where there is none.
        output: File for the key, readable for its owner alone.
        common: Options of every command.
    """
    from phalanx.cli.share_hub_work import enter_member

    enter_member(database, name, output)
    common.say(f"{name}: entered; it has no rights yet (`phalanx share hub set-rights`)")


@hub.command
def set_rights(
    name: str,
    collection: str,
    /,
    *,
    may: Annotated[tuple[Right, ...], Parameter(negative="")] = (),
    root: Root = _ROOT,
    database: Database = DATABASE,
    common: Common = Common(),
) -> None:
    """Say what a member may do in a collection, in place of what was said before.

    Parameters:
        name: Of the member.
        collection: Its name or identifier.
        may: `read`, `write`, or `delete` its own objects (which needs both others); may be
            repeated. Without it the member no longer knows of the collection.
        root: API root of the collection.
        database: Of the hub.
        common: Options of every command.
    """
    from phalanx.cli.share_hub_work import existing_hub
    from phalanx.share.hub import Rights
    from phalanx.share.hub import set_rights as set_them

    rights = Rights("read" in may, "write" in may, "delete" in may) if may else None
    with existing_hub(database) as found, found.write() as connection:
        set_them(connection, name, root, collection, rights)
    common.say(f"{name}: {', '.join(sorted(set(may))) or 'nothing'} in {root}/{collection}")


@hub.command
def new_key(
    name: str,
    /,
    *,
    database: Database = DATABASE,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Give a member one more API key, and print it, this once; the others stay good.

    Parameters:
        name: Of the member.
        database: Of the hub.
        output: File for the key, readable for its owner alone.
        common: Options of every command.
    """
    from phalanx.cli.share_hub_work import give_key

    give_key(database, name, output)
    common.detail(f"{name}: has one more key")


@hub.command
def revoke_key(key_id: str, /, *, database: Database = DATABASE, common: Common = Common()) -> None:
    """Make an API key worth nothing, from the next request on, and all tokens given for it.

    Parameters:
        key_id: The 16 digits between the first two dots of the key; `show` lists them.
        database: Of the hub.
        common: Options of every command.
    """
    from phalanx.cli.share_hub_work import existing_hub, now
    from phalanx.share.hub import revoke_key as revoke

    with existing_hub(database) as found, found.write() as connection:
        revoke(connection, key_id, now())
    common.say(f"{key_id}: revoked")


@hub.command
def suspend(
    name: str,
    /,
    *,
    lift: bool = False,
    database: Database = DATABASE,
    common: Common = Common(),
) -> None:
    """Turn a member away from the next request on; what it added stays.

    Parameters:
        name: Of the member.
        lift: Take it back instead.
        database: Of the hub.
        common: Options of every command.
    """
    from phalanx.cli.share_hub_work import existing_hub
    from phalanx.share.hub import suspend_member

    with existing_hub(database) as found, found.write() as connection:
        suspend_member(connection, name, is_active=lift)
    common.say(f"{name}: {'taken back' if lift else 'suspended'}")
