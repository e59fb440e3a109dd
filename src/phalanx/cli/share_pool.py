"""`phalanx share pool`: evidence that several members each hold too little of, put together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter, validators

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.rendering import OutputPath, write_text
from phalanx.cli.share_hub_options import HubOptions
from phalanx.cli.terminal import Common

pool = App(
    name="pool",
    help="Put evidence of several members together, without showing it.",
    help_format="markdown",
)

for _name in ("key", "submit", "report"):
    pool.command(f"phalanx.cli.share_pool_taking_part:{_name}", name=_name)

PoolDatabase = Annotated[str, Parameter(name="--pool")]
Share = Annotated[float, Parameter(validator=validators.Number(gt=0, lt=1))]
Logarithm = Annotated[float, Parameter(validator=validators.Number(gte=0, lte=100))]

_POOL = "pool.db"


@pool.command
def serve(
    *,
    database: Annotated[str, Parameter(name="--database")] = "alliance.hub",
    key: Path = Path("hub.key"),
    pool_database: PoolDatabase = _POOL,
    options: HubOptions = HubOptions(),
    common: Common = Common(),
) -> ExitCode:
    """Run a hub with the pool beside it until it is told to stop.

    Parameters:
        database: Of a hub that was made before: SQLite file, or `postgresql://USER@HOST/DATABASE`.
        key: File of the hub's key; made where there is none.
        pool_database: Of a pool that has members; an SQLite file of its own, or a server's.
        options: How it listens, and what it bears.
        common: Options of every command.
    """
    from phalanx.cli.serving import serve_until_told
    from phalanx.cli.share_hub_work import existing_hub
    from phalanx.cli.share_pool_work import existing_pool, served

    with existing_hub(database), existing_pool(pool_database):
        pass  # a wrong folder must not become an alliance of nobody
    settings = options.settings(database, key)
    run_both = served(settings, pool_database)
    return serve_until_told(run_both, "the hub and its pool listen", settings, common)


@pool.command
def add_member(
    name: str,
    public_key: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    pool_database: PoolDatabase = _POOL,
    common: Common = Common(),
) -> None:
    """Let a member of the hub take part, and sign its submissions with a key.

    Parameters:
        name: Under which the hub knows it.
        public_key: As the member's `phalanx share pool key` prints it.
        pool_database: Of the pool.
        common: Options of every command.
    """
    from phalanx.cli.share_pool_work import entered

    common.say(f"{name}: {entered(pool_database, name, public_key)}")


@pool.command
def remove_member(
    name: str, /, *, pool_database: PoolDatabase = _POOL, common: Common = Common()
) -> None:
    """Take no more submissions of a member; what it has submitted still counts.

    Parameters:
        name: Under which the hub knows it.
        pool_database: Of the pool.
        common: Options of every command.
    """
    from phalanx.cli.share_pool_work import existing_pool
    from phalanx.share.pool import remove_member as remove

    with existing_pool(pool_database) as database, database.write() as connection:
        remove(connection, name)
    common.say(f"{name}: takes part no more")


@pool.command
def show(
    *, pool_database: PoolDatabase = _POOL, output: OutputPath = None, common: Common = Common()
) -> None:
    """List members with their number of keys, and rounds: their state, and when they close.

    Parameters:
        pool_database: Of the pool.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.share_pool_work import overview_text

    common.detail(f"reading {pool_database}")
    write_text(overview_text(pool_database, datetime.now(UTC)), output)


@pool.command
def open_round(
    name: str,
    /,
    *,
    closes: datetime,
    epoch: Annotated[int, Parameter(validator=validators.Number(gte=0, lt=2**31))],
    slots: Literal[256, 1024, 4096] = 256,
    fdr: Share = 0.01,
    cap_apart: Logarithm = 6.0,
    cap_use: Logarithm = 3.0,
    support: Logarithm = 1.0,
    circle: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    pool_database: PoolDatabase = _POOL,
    common: Common = Common(),
) -> None:
    """Open a round, in which each member submits one batch. Members agree to all of it before.

    Parameters:
        name: Such as `2026-11`.
        closes: When it ends (UTC), to come.
        epoch: Of the key server, whose tokens are compared.
        slots: Entries of each batch, whatever a member found.
        fdr: Share of told tokens that may be false, in (0, 1).
        cap_apart: Largest log10 e of one member against "operated apart".
        cap_use: Largest log10 e of one member against "used honestly".
        support: log10 e that all others must show against either, whoever is left out.
        circle: Members that see the same traffic or customers, as `cloud=north,south`: they are
            averaged. May be repeated.
        pool_database: Of the pool.
        common: Options of every command.
    """
    from phalanx.cli.share_pool_work import existing_pool, parsed_circles, refuse_past, utc
    from phalanx.share.pool import Round, Rule, add_round

    rule = Rule(
        false_discovery_rate=fdr,
        cap_log10_apart=cap_apart,
        cap_log10_use=cap_use,
        support_log10=support,
    )
    made = Round(
        name=name,
        epoch=epoch,
        closes_at=utc(closes),
        slots=slots,
        rule=rule,
        circles=parsed_circles(circle),
    )
    refuse_past(made.closes_at)
    with existing_pool(pool_database) as database, database.write() as connection:
        add_round(connection, made)
    common.say(f"{name}: open until {made.closes_at.isoformat()}")


@pool.command
def add_decoys(
    tokens: Path,
    /,
    *,
    accounts: str,
    pool_database: PoolDatabase = _POOL,
    common: Common = Common(),
) -> None:
    """Enter tokens behind which there is nothing, so that members who lie meet them.

    Parameters:
        tokens: File with one token a line, of identifiers that the auditors know to be harmless.
        accounts: Name of the accounts behind them, the same in every epoch: what a member says
            of accounts is counted in one round only.
        pool_database: Of the pool.
        common: Options of every command.
    """
    from phalanx.cli.inputs import read_names
    from phalanx.cli.share_pool_work import existing_pool
    from phalanx.formats.notation import plural
    from phalanx.share.pool import add_decoys as add

    with existing_pool(pool_database) as database, database.write() as connection:
        added = add(connection, read_names(tokens), accounts)
    common.say(f"entered: {plural(added, 'decoy')}")


@pool.command
def evaluate(
    name: str,
    /,
    *,
    pool_database: PoolDatabase = _POOL,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Evaluate a round that is over, once; what members submitted is forgotten.

    It prints how many took part and how many tokens were told, and what speaks against members'
    honesty; no token and no evidence.

    Parameters:
        name: Of the round.
        pool_database: Of the pool.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.share_pool_work import evaluated_text

    common.detail(f"evaluating {name}")
    write_text(evaluated_text(pool_database, name), output)
