"""`phalanx gateway`: what the next request gets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from phalanx.cli.gateway_options import GatewayOptions, Optional
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common

gateway = App(
    name="gateway",
    help="Decide what the next request gets, with reasons.",
    help_format="markdown",
)


@gateway.command
def check(
    request: Annotated[Path, Parameter(name="REQUEST")],
    /,
    *,
    options: GatewayOptions,
    state: Optional = None,
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
        state: Snapshot of a gateway's state; without one the account was never seen.
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
