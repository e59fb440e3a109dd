"""`phalanx evaluate`: what a scan found, measured against labels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from phalanx.cli.rendering import OutputPath, write_text
from phalanx.cli.scan_options import default_key_path
from phalanx.cli.terminal import Common
from phalanx.errors import InputError

if TYPE_CHECKING:
    from phalanx.detect.evaluate import Evaluation


def evaluate(
    scan_folder: Path,
    /,
    *,
    labels: Path,
    key: Annotated[Path | None, Parameter(show_default=False)] = None,
    output_format: Annotated[
        Literal["table", "json"], Parameter(name=["--format", "-f"])
    ] = "table",
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
    common.detail(f"reading {scan_folder}")
    evaluation = evaluate_folder(scan_folder, labels, key)
    write_text(as_json(evaluation) if output_format == "json" else as_text(evaluation), output)
