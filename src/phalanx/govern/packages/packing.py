"""Packing a case: records and files into a new folder, under one signature."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from hashlib import file_digest
from pathlib import Path

from phalanx.errors import InputError, reason_of
from phalanx.govern.packages.agreeing import refuse_disagreement
from phalanx.govern.packages.layout import (
    ITEMS,
    LEAVES,
    MOST_RECORDS,
    NOTE,
    RECORDS,
    SECOND_LINE,
    Salted,
    file_name,
    root_of_leaves,
)
from phalanx.govern.packages.records import DocumentRecord, ItemRecord, Record
from phalanx.scratch import scratch_folder
from phalanx.transparency.checkpoints import Checkpoint
from phalanx.transparency.note_keys import NoteSigner
from phalanx.transparency.notes import signed_note
from phalanx.transparency.salted import SALT_BYTES


def _nothing(_: Checkpoint) -> None:
    pass


def pack(  # noqa: PLR0913 - what is packed, where, and by whom
    records: Sequence[Record],
    files: Mapping[str, Path],
    folder: Path,
    signer: NoteSigner,
    *,
    random: Callable[[int], bytes],
    time: int,
    recorded: Callable[[Checkpoint], object] = _nothing,
) -> Checkpoint:
    """Write a package, and return what was signed. The folder is whole, or absent.

    Parameters:
        records: The case first, then the others in any order that custody allows.
        files: Of items and documents, by their id. One that is missing is
            named in the package without its file.
        folder: New one.
        signer: Who stands for the package.
        random: Gives so many random bytes, such as `secrets.token_bytes`.
        time: Seconds since 1970.
        recorded: Is told what was signed before the folder is there, so that no package is out
            that nobody noted; where it fails there is none.

    Raises:
        InputError: If records do not agree with each other, a file is not as its record says, or
            the folder is there or cannot be written.
    """
    if len(records) > MOST_RECORDS:
        message = f"a package has at most {MOST_RECORDS:,} records"
        raise InputError(message, next_step="Make several.")
    refuse_disagreement(records, missing=0)
    items = {each.id: each for each in records if isinstance(each, (ItemRecord, DocumentRecord))}
    if unknown := sorted(files.keys() - items.keys()):
        message = f"there is no item {unknown[0]!r} for its file"
        raise InputError(message, next_step="Name the items of the case.")
    if folder.exists() or folder.is_symlink():
        message = f"{folder}: is there already"
        raise InputError(message, next_step="Name a new folder.")
    salted = [Salted(each, random(SALT_BYTES)) for each in records]
    leaves = b"".join(each.leaf for each in salted)
    checkpoint = Checkpoint(origin=signer.name, size=len(salted), root=root_of_leaves(leaves))
    note = signed_note(f"{checkpoint.as_text()}{SECOND_LINE}\n", [signer], time)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(folder.parent) as scratch:
            aside = scratch / "package"
            aside.mkdir(mode=0o700)
            (aside / RECORDS).mkdir()
            (aside / ITEMS).mkdir()
            for index, each in enumerate(salted):
                (aside / RECORDS / file_name(index)).write_bytes(each.as_bytes())
            for name, path in files.items():
                _copy(path, aside / ITEMS / items[name].sha256, items[name])
            (aside / LEAVES).write_bytes(leaves)
            (aside / NOTE).write_text(note.as_text(), encoding="utf-8")
            os.sync()
            recorded(checkpoint)
            aside.rename(folder)
    except OSError as error:
        message = f"{folder}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Free some space, or check permissions.") from error
    return checkpoint


def _copy(path: Path, target: Path, item: ItemRecord | DocumentRecord) -> None:
    shutil.copyfile(path, target)
    with target.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
        size = file.tell()
    if (digest, size) != (item.sha256, item.size_bytes):
        message = f"{path}: is not the file that the item {item.id} names"
        raise InputError(message, next_step="Collect it again, or mend the record.")
