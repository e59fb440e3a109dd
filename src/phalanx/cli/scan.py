"""`phalanx scan`: find campaigns in exchange logs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.rendering import OutputFormat, OutputPath
from phalanx.cli.scan_options import ScanOptions, scan_config
from phalanx.cli.terminal import Common

if TYPE_CHECKING:
    from collections.abc import Callable

    from phalanx.detect.config import ScanConfig
    from phalanx.detect.result import ScanResult

FailOn = Literal["campaign", "pool", "party", "never"]


def scan(
    *logs: Annotated[str, Parameter(required=True)],
    out: Path = Path("phalanx-scan"),
    output_format: OutputFormat = "table",
    output: OutputPath = None,
    fail_on: FailOn = "campaign",
    options: ScanOptions = ScanOptions(),
    common: Common = Common(),
) -> int:
    """Find campaigns in exchange logs.

    Writes report.html, campaigns.json, accounts.parquet, links.parquet, looks.parquet,
    groups.parquet, daily.parquet, rejects.jsonl and run.json into the folder of --out, and prints
    what it found.

    Parameters:
        logs: Files, folders or globs. Native tables (Parquet, Arrow, JSONL, CSV; gzip, zstd),
            OpenTelemetry GenAI spans, LiteLLM payloads and OCSF API Activity are told apart by
            their content. With --engine spark also URLs of Parquet, iceberg:TABLE and delta:PATH.
        out: Folder for the results.
        output_format: What is printed.
        output: File to print into instead.
        fail_on: Least finding that makes the exit status 1; `pool` and `party` count campaigns
            too.
        options: How to read and judge.
        common: Options of every command.
    """
    from phalanx.cli.rendering import refuse_output, write_rendering

    def write_output(result: ScanResult) -> None:
        if output is not None:
            write_rendering(result, output_format, output)

    refuse_output(output)
    result = scan_into(logs, out, scan_config(options, common.config), common, write_output)
    if output is None:
        write_rendering(result, output_format, None)
    common.say(f"report: {out / 'report.html'}")
    return ExitCode.FINDINGS if fails(result, fail_on) else ExitCode.CLEAN


def scan_into(
    logs: tuple[str, ...],
    folder: Path,
    config: ScanConfig,
    common: Common,
    also_write: Callable[[ScanResult], None] | None = None,
) -> ScanResult:
    """Scan logs and write everything that was found into a folder.

    Parameters:
        logs: As named by a person.
        folder: Where to.
        config: Settings.
        common: Options of every command.
        also_write: Writes what belongs to the scan besides. A store keeps the scan last, so
            that one whose findings were not written can be repeated.

    Raises:
        InputError: If nothing can be read, or the folder cannot be written.
    """
    from phalanx.detect import scan as find_campaigns
    from phalanx.formats.folder import check_place, write_scan
    from phalanx.scratch import scratch_folder

    check_place(folder)
    with scratch_folder() as scratch:
        rejects = scratch / "rejects.jsonl"

        def deliver(result: ScanResult) -> None:
            write_scan(result, folder, rejects=rejects)
            if also_write:
                also_write(result)

        with common.progress("scan") as progress:
            result = find_campaigns(
                logs, config, rejects_path=rejects, progress=progress, deliver=deliver
            )
    for warning in result.run.warnings:
        times = result.run.notes[warning]
        common.say(f"warning: {warning}" + (f" ({times:,} times)" if times > 1 else ""))
    return result


def fails(result: ScanResult, fail_on: FailOn) -> bool:
    """Tell whether something at or above a level was found.

    Parameters:
        result: What the scan found.
        fail_on: Least level that counts: a campaign outranks a pool, a pool a party.
    """
    found = {
        "campaign": bool(result.campaigns),
        "pool": bool(result.campaigns or result.undeclared_pools),
        "party": bool(result.campaigns or result.undeclared_pools or result.suspicious_parties),
        "never": False,
    }
    return found[fail_on]
