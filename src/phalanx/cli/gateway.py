"""`phalanx gateway`: what the next request gets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter, validators

from phalanx.cli.gateway_options import GatewayOptions, Optional
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common

gateway = App(
    name="gateway",
    help="Decide what the next request gets, with reasons.",
    help_format="markdown",
)

for _name in ("serve", "add-caller", "remove-caller", "guardrail"):
    gateway.command(f"phalanx.cli.gateway_serve:{_name.replace('-', '_')}", name=_name)

for _name in ("calibrate", "watch"):
    gateway.command(f"phalanx.cli.gateway_online:{_name}", name=_name)


@gateway.command
def check(
    request: Annotated[Path, Parameter(name="REQUEST")],
    /,
    *,
    options: GatewayOptions,
    state: Annotated[str | None, Parameter(show_default=False)] = None,
    at: Annotated[str | None, Parameter(show_default=False)] = None,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Say what a policy does to one request, and trace every rule of it.

    Nothing is counted: the same request may be checked again and again.

    Parameters:
        request: JSON file, with the names of the log schema: `exchange_id`, `account_id`, `model`,
            `prompt` and what else is known.
        options: What the gateway knows.
        state: Snapshot of a gateway's state, or URL of a shared one, such as
            redis://HOST:6379/0, whose password is taken from REDISCLI_AUTH; without one the account
            was never seen.
        at: When the request comes in, such as 2026-06-01T12:00:00Z; now by default.
        output_format: How to print.
        output: File to print into instead.
        common: Options of every command.
    """
    from phalanx.cli.gateway_work import check_request, moment_of

    refuse_output(output)
    decision = check_request(request, options, state, moment_of(at))
    if output_format == "json":
        from phalanx.cli.gateway_view import decision_json

        text = decision_json(decision)
    else:
        from phalanx.cli.gateway_view import decision_text

        text = decision_text(decision)
    write_text(text, output)
    common.detail(f"policy {decision.policy_digest}")


@gateway.command
def replay(
    *logs: Annotated[Path, Parameter(required=True)],
    options: GatewayOptions,
    as_enforced: bool = False,
    tokens_per_second: Annotated[
        float, Parameter(validator=validators.Number(gte=0.001, lte=1_000_000))
    ] = 50.0,
    most: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 20,
    column_map: Annotated[tuple[str, ...], Parameter(name="--map", show_default=False)] = (),
    pseudonym_key: Optional = None,
    clear_identifiers: bool = False,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Say whom a policy would have touched, by class of traffic, before it is in force.

    Logged requests come in and end in the order of time, and each is decided as the gateway would
    have decided it, with what is known now. The state begins empty, so that sums over days are too
    low at first. What users would have done instead is not guessed.

    Parameters:
        logs: Files, globs and folders with exchanges.
        options: What the gateway knows.
        as_enforced: Let every rule act, whatever its stage: what is refused is then not served,
            and does not count later.
        tokens_per_second: With which answers are taken to come: logs do not say when they ended.
        most: Campaigns, organisations and accounts that are listed, each.
        column_map: Native column and the field of the log that holds it, as `account_id=user.id`.
        pseudonym_key: Key of the pseudonyms, the one of the scans whose store and grants are named.
        clear_identifiers: Take identifiers as they stand in the log.
        output_format: How to print.
        output: File to print into instead.
        common: Options of every command.
    """
    from phalanx.cli.gateway_replay_view import replay_json, replay_text
    from phalanx.cli.gateway_replay_work import Reading, replayed
    from phalanx.cli.inputs import parse_columns

    refuse_output(output)
    reading = Reading(columns=parse_columns(column_map), key=pseudonym_key, clear=clear_identifiers)
    with common.progress("replay") as progress:
        run = replayed(
            logs, options, reading, most, tokens_per_second, progress, as_enforced=as_enforced
        )
    for warning in run.warnings:
        common.say(f"warning: {warning}")
    if run.rejected:
        common.say(f"warning: {run.rejected:,} rows of the logs could not be used")
    write_text(
        replay_json(run.report) if output_format == "json" else replay_text(run.report), output
    )
