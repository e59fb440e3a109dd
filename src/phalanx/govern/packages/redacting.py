"""Copies of a package from which records or files were taken away. No key is needed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from phalanx.errors import InputError, reason_of
from phalanx.govern.packages.layout import ITEMS, LEAVES, NOTE, RECORDS, salted_of
from phalanx.govern.packages.records import ItemRecord
from phalanx.govern.packages.verifying import Package, verify_package
from phalanx.scratch import scratch_folder
from phalanx.transparency.policy import Policy


def _nothing(_: Package) -> None:
    pass


def redact(  # noqa: PLR0913 - what is taken away, and what is believed
    folder: Path,
    out: Path,
    policy: Policy,
    *,
    records: Collection[str] = (),
    files: Collection[str] = (),
    ledgers: Policy | None = None,
    recorded: Callable[[Package], object] = _nothing,
) -> Package:
    """Copy a package without some of it, and return the copy as it verifies.

    Renderings go without being named: they show what is taken away. What is taken away is never
    copied, so that a copy that was broken off holds none of it.

    Parameters:
        folder: Of the package, or of a copy of it.
        out: New folder.
        policy: Whose packages are believed.
        records: Ids of records to take away; an item goes with its file. The case stays.
        files: Ids of items whose file alone is taken away: what it was stays known.
        ledgers: Which ledgers are believed.
        recorded: Is told what the copy holds before it is there; where it fails there is none.

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
    kept = {
        each.sha256
        for each in whole.records
        if isinstance(each, ItemRecord) and each.id not in {*records, *files}
    }
    try:
        with scratch_folder(out.parent) as scratch:
            aside = scratch / "copy"
            _copy(folder, aside, records, kept)
            copy = verify_package(aside, policy, ledgers)
            os.sync()
            recorded(copy)
            aside.rename(out)
    except OSError as error:
        message = f"{out}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Free some space, or check permissions.") from error
    return copy


def _copy(folder: Path, aside: Path, without: Collection[str], items: Collection[str]) -> None:
    for made in (aside, aside / RECORDS, aside / ITEMS):
        made.mkdir(mode=0o700)
    for name in (NOTE, LEAVES):
        shutil.copyfile(folder / name, aside / name)
    for path in (folder / RECORDS).iterdir():
        content = path.read_bytes()
        if salted_of(content, str(path)).record.id not in without:
            (aside / RECORDS / path.name).write_bytes(content)
    for path in (folder / ITEMS).iterdir():
        if path.name in items:
            shutil.copyfile(path, aside / ITEMS / path.name)
