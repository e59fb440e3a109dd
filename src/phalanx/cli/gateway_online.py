"""`phalanx gateway calibrate` and `watch`: online detection, from logs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from phalanx.cli.gateway_options import GatewayOptions, Optional
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common

Logs = Annotated[Path, Parameter(required=True)]
_Speed = Annotated[float, Parameter(validator=validators.Number(gte=0.001, lte=1_000_000))]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class LogOptions:
    """How logs are read."""

    tokens_per_second: _Speed = 50.0
    """With which answers are taken to come: logs do not say when they ended."""

    column_map: Annotated[tuple[str, ...], Parameter(name="--map", show_default=False)] = ()
    """Native column and the field of the log that holds it, as `account_id=user.id`."""

    pseudonym_key: Optional = None
    """Key of the pseudonyms, the one of the scans whose store and grants are named."""

    clear_identifiers: bool = False
    """Take identifiers as they stand in the log."""


def calibrate(
    *logs: Logs,
    options: GatewayOptions,
    reading: LogOptions = LogOptions(),
    into: Annotated[Path, Parameter(name="--into")] = Path("online-reference.json"),
    fdr: float = 0.01,
    share: float = 0.2,
    epochs: int = 4,
    accounts: Annotated[int | None, Parameter(show_default=False)] = None,
    pools: int = 200,
    common: Common = Common(),
) -> None:
    """Make the reference of online detection from logs of honest traffic.

    The reference says how far accounts of the logs came in as many days as the logs have, and
    holds no account. Accounts that a scan listed, and those that a grant covers, are left out, and
    of each declared owner all but one. Too few accounts are refused.

    Parameters:
        logs: Files, globs and folders with exchanges, of a day at least.
        options: What the gateway knows; of the policy, how information value is counted.
        reading: How logs are read.
        into: File to write.
        fdr: False discovery rate of what scans and online detection list together.
        share: Part of it that online detection spends. Scans keep the rest: `phalanx scan --fdr`.
        epochs: For which the reference will be used, each as long as the logs.
        accounts: That may be watched in an epoch; twice those of the logs by default.
        pools: Undeclared pools that may be watched in an epoch.
        common: Options of every command.
    """
    from phalanx.cli.gateway_online_view import reference_text
    from phalanx.cli.gateway_online_work import Spending, calibrate_logs

    refuse_output(into)
    spending = Spending(fdr=fdr, share=share, epochs=epochs, accounts=accounts, pools=pools)
    with common.progress("calibrate") as progress:
        made = calibrate_logs(logs, options, reading, spending, into, progress)
    write_text(reference_text(made), None)


def watch(
    *logs: Logs,
    options: GatewayOptions,
    reference: Path,
    reading: LogOptions = LogOptions(),
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Say whom online detection would have raised on logged traffic, and when.

    Undeclared pools are those of the store, and what its last scan had counted is no evidence
    against them: give logs of after that scan.

    Parameters:
        logs: Files, globs and folders with exchanges.
        options: What the gateway knows.
        reference: File that `phalanx gateway calibrate` wrote.
        reading: How logs are read.
        output_format: How to print; `json` prints alerts as lines of JSON.
        output: File to print into instead.
        common: Options of every command.
    """
    from phalanx.cli.gateway_online_view import alerts_json, alerts_text
    from phalanx.cli.gateway_online_work import watch_logs

    refuse_output(output)
    with common.progress("watch") as progress:
        run = watch_logs(logs, options, reading, reference, progress)
    write_text(alerts_json(run) if output_format == "json" else alerts_text(run), output)
