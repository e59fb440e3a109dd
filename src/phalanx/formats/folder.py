"""The folder of a scan: nine files, each whole or absent, and the way back.

Every file is written into a hidden folder beside its place and renamed when all are
complete, so a reader never sees half a file and a scan that fails leaves the old one as it
was. They are for their owner alone. Files that are not of a scan are never touched.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.detect.result import ScanResult
from phalanx.errors import InputError, reason_of
from phalanx.formats.document import load, result_of
from phalanx.formats.json import render as render_document
from phalanx.formats.json import render_run
from phalanx.owned import OWNER_ONLY, refuse_unwritable

TABLES = ("accounts", "links", "daily", "looks", "groups")
FILES = (
    "campaigns.json",
    *(f"{name}.parquet" for name in TABLES),
    "report.html",
    "rejects.jsonl",
    "run.json",
)
"""Names of the files of a scan, in the order in which they are put in place."""


def write_scan(
    result: ScanResult, directory: Path, *, rejects: Path | None = None
) -> dict[str, Path]:
    """Write everything that a scan found, replacing the files of an earlier scan only.

    Parameters:
        result: What the scan found.
        directory: Folder, made if it is absent.
        rejects: File of rejected rows to copy; null or an absent file means that no row
            was rejected.

    Returns:
        Name of each file -> its path.

    Raises:
        InputError: If the folder is a file, a file of that name is a folder, or nothing
            can be written there.
    """
    check_place(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".phalanx-", dir=directory))
        try:
            _write_aside(result, aside, rejects)
            for name in FILES:
                (aside / name).chmod(OWNER_ONLY)
                (aside / name).replace(directory / name)
        finally:
            shutil.rmtree(aside)
    except OSError as error:
        message = f"{directory}: the scan cannot be written: {error.strerror or error}"
        raise InputError(
            message, next_step="Name a folder that can be written, on a disk with free space."
        ) from error
    return {name: directory / name for name in FILES}


def read_scan(directory: Path) -> ScanResult:
    """Read what `write_scan` wrote, to render or to judge it again.

    Parameters:
        directory: Folder of a scan.

    Raises:
        InputError: If a file is absent, damaged, or of a later major version.
    """
    path = directory / "campaigns.json"
    try:
        document = load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Pass the folder that a scan wrote.") from error
    except InputError as error:
        message = f"{path}: {error}"
        raise InputError(message, next_step=error.next_step) from error
    accounts, links, daily = (_read_table(directory / f"{name}.parquet") for name in TABLES[:3])
    # Earlier versions wrote neither of these.
    later = (directory / f"{name}.parquet" for name in TABLES[3:])
    looks, groups = (_read_table(path) if path.exists() else None for path in later)
    return result_of(
        document, accounts=accounts, links=links, daily=daily, looks=looks, groups=groups
    )


def check_place(directory: Path) -> None:
    """Say before any work that a scan could not be written into a folder.

    Raises:
        InputError: If the folder is a file, a file of a scan's name is a folder, or nothing may
            be written there.
    """
    refuse_unwritable(directory, "--out")
    for name in FILES:
        if (directory / name).is_dir():
            message = f"{directory / name} is a folder, where a scan writes a file"
            raise InputError(message, next_step="Name another folder, or move that one away.")


def _write_aside(result: ScanResult, aside: Path, rejects: Path | None) -> None:
    from phalanx.formats.html import render  # noqa: PLC0415 - 1 s that reading never needs

    texts = {
        "campaigns.json": render_document(result),
        "report.html": render(result),
        "run.json": render_run(result.run),
    }
    for name, text in texts.items():
        (aside / name).write_text(text, encoding="utf-8")
    for name in TABLES:
        pq.write_table(getattr(result, name), aside / f"{name}.parquet", compression="zstd")
    if rejects is not None and rejects.exists():
        shutil.copyfile(rejects, aside / "rejects.jsonl")
    else:
        (aside / "rejects.jsonl").touch()


def _read_table(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Run the scan again into a new folder.") from error
