"""`phalanx evaluate`: what a scan found, measured against labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from phalanx.cli.rendering import OutputPath, TableOrJson, write_text
from phalanx.cli.scan_key import key_of_scan
from phalanx.cli.terminal import Common


def evaluate(
    scan_folder: Path,
    /,
    *,
    labels: Path,
    key: Annotated[Path | None, Parameter(show_default=False)] = None,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Measure a scan against labels.

    Parameters:
        scan_folder: Folder that `phalanx scan` wrote.
        labels: Table (Parquet, CSV or JSONL) of `account_id`, `campaign` (empty for honest
            accounts) and `traffic_class`, with account ids as they stand in the log.
        key: Pseudonym key of the scan; the one in your configuration folder when left out.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.evaluation_view import as_json, as_text
    from phalanx.detect.evaluate import evaluate as measure

    common.detail(f"reading {scan_folder}")
    secret = key_of_scan(scan_folder, key)
    evaluation = measure(scan_folder, labels, pseudonym_key=secret)
    write_text(as_json(evaluation) if output_format == "json" else as_text(evaluation), output)
