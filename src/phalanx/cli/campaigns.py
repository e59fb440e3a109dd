"""`phalanx campaigns`: what a scan found, again and in any format."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from phalanx.cli.rendering import OutputFormat, OutputPath, TableOrJson, write_rendering, write_text
from phalanx.cli.terminal import Common
from phalanx.errors import InputError

campaigns = App(
    name="campaigns",
    help="List what a scan found, or show one group.",
    help_format="markdown",
)

_SCAN_FOLDER = Path("phalanx-scan")


@campaigns.default
def overview(
    scan_folder: Path = _SCAN_FOLDER,
    /,
    *,
    output_format: OutputFormat = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """List what a scan found, in any format.

    Parameters:
        scan_folder: Folder that `phalanx scan` wrote.
        output_format: What is printed.
        output: File to print into instead.
        common: Options of every command.
    """
    from phalanx.formats.folder import read_scan

    common.detail(f"reading {scan_folder}")
    write_rendering(read_scan(scan_folder), output_format, output)


@campaigns.command
def show(
    group_id: str,
    scan_folder: Path = _SCAN_FOLDER,
    /,
    *,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Show one group: who, how sure, on what evidence, tied by which links.

    Parameters:
        group_id: Identifier of a campaign or any other listed group, or its beginning, or C1, C2
            and so on as in the report.
        scan_folder: Folder that `phalanx scan` wrote.
        output_format: How to print.
        output: File to print into instead.
        common: Options of every command.
    """
    from phalanx.cli.group_view import describe, find_groups, record
    from phalanx.formats.folder import read_scan

    common.detail(f"reading {scan_folder}")
    result = read_scan(scan_folder)
    match find_groups(result, group_id):
        case [group]:
            text = record(group) if output_format == "json" else describe(result, group)
            write_text(text, output)
        case []:
            message = f"{scan_folder}: no group is called {group_id!r}"
            raise InputError(message, next_step=f"`phalanx campaigns {scan_folder}` lists all.")
        case several:
            message = f"{scan_folder}: {len(several)} groups begin with {group_id!r}"
            raise InputError(message, next_step="Write more of the identifier.")
