"""Copies of a package from which records or files were taken away. No key is needed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

from phalanx.errors import InputError, reason_of
from phalanx.govern.packages.layout import ITEMS, RECORDS, salted_of
from phalanx.govern.packages.records import DocumentRecord, ItemRecord
from phalanx.govern.packages.verifying import Package, verify_package
from phalanx.transparency.policy import Policy


def redact(  # noqa: PLR0913 - what is taken away, and what is believed
    folder: Path,
    out: Path,
    policy: Policy,
    *,
    records: Collection[str] = (),
    files: Collection[str] = (),
    ledgers: Policy | None = None,
) -> Package:
    """Copy a package without some of it, and return the copy as it verifies.

    Renderings go without being named: they show what is taken away.

    Parameters:
        folder: Of the package, or of a copy of it.
        out: New folder.
        policy: Whose packages are believed.
        records: Ids of records to take away; an item goes with its file. The case stays.
        files: Ids of items whose file alone is taken away: what it was stays known.
        ledgers: Which ledgers are believed.

    Raises:
        InputError: If there is no such record, it is the case, or the copy cannot be written.
        VerificationError: If the package does not verify.
    """
    whole = verify_package(folder, policy, ledgers)
    by_id = {each.id: each for each in whole.records}
    if unknown := sorted({*records, *files} - by_id.keys()):
        message = f"{folder}: has no record {unknown[0]!r}"
        raise InputError(message, next_step="See `phalanx govern verify` for its records.")
    if whole.case.id in records:
        message = f"{whole.case.id}: is the case, without which no copy can be judged"
        raise InputError(message, next_step="Leave it in.")
    if out.exists() or out.is_symlink():
        message = f"{out}: is there already"
        raise InputError(message, next_step="Name a new folder.")
    gone = [
        each
        for each in whole.records
        if each.id in {*records, *files} or isinstance(each, DocumentRecord)
    ]
    kept = {
        each.sha256
        for each in whole.records
        if isinstance(each, ItemRecord) and each.id not in {*records, *files}
    }
    try:
        aside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            shutil.copytree(folder, aside, dirs_exist_ok=True)
            for path in sorted((aside / RECORDS).iterdir()):
                if salted_of(path.read_bytes(), str(path)).record.id in records:
                    path.unlink()
            for each in gone:
                if isinstance(each, (ItemRecord, DocumentRecord)) and each.sha256 not in kept:
                    (aside / ITEMS / each.sha256).unlink(missing_ok=True)
            aside.rename(out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        message = f"{out}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Free some space, or check permissions.") from error
    return verify_package(out, policy, ledgers)
