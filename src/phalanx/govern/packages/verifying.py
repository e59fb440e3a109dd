"""Verifying a package: nothing but the folder and the key of who signed it is needed."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.govern.ledger import parse_proved_event
from phalanx.govern.packages.agreeing import refuse_disagreement
from phalanx.govern.packages.judging import JudgedClaim, judged
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
    salted_of,
)
from phalanx.govern.packages.records import (
    MOST_BYTES,
    CaseRecord,
    ClaimRecord,
    DocumentRecord,
    EventRecord,
    ItemRecord,
    Record,
)
from phalanx.transparency.merkle import HASH_BYTES
from phalanx.transparency.notes import MOST_BYTES as MOST_NOTE_BYTES
from phalanx.transparency.notes import parse_note
from phalanx.transparency.places import fetch_from
from phalanx.transparency.policy import Policy
from phalanx.transparency.tiles import Fetch

_MOST_RECORD_FILE_BYTES = 2 * MOST_BYTES
_AGAIN = "Ask whoever handed it over for it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package that verified."""

    signer: str
    records: tuple[Record, ...]
    missing_records: int
    """How many were taken away from this copy."""

    missing_files: tuple[str, ...]
    """Ids of items whose record is here and whose file is not."""

    claims: tuple[JudgedClaim, ...]

    @property
    def case(self) -> CaseRecord:
        """The case itself."""
        case = self.records[0]
        assert isinstance(case, CaseRecord)  # noqa: S101 - verified before
        return case


def verify_package(folder: Path, policy: Policy, ledgers: Policy | None = None) -> Package:
    """Verify a package, or a copy of it from which records were taken away.

    Parameters:
        folder: Of the package.
        policy: Whose packages are believed.
        ledgers: Which ledgers are believed, for events in it; null refuses packages with events.

    Raises:
        VerificationError: If anything is not as it was signed; the message names it.
        InputError: If something of it cannot be read.
    """
    fetch = fetch_from(str(folder))
    note = parse_note(fetch(NOTE, MOST_NOTE_BYTES), f"{folder / NOTE}")
    checkpoint = policy.accept(note, f"{folder / NOTE}")
    if note.text.split("\n")[3:] != [SECOND_LINE, ""]:
        message = f"{folder / NOTE}: is signed, and is not about a package"
        raise VerificationError(message, next_step=_AGAIN)
    if checkpoint.size > MOST_RECORDS:
        message = f"{folder}: has more than {MOST_RECORDS:,} records"
        raise VerificationError(message, next_step=_AGAIN)
    leaves = fetch(LEAVES, MOST_RECORDS * HASH_BYTES)
    if len(leaves) != checkpoint.size * HASH_BYTES or root_of_leaves(leaves) != checkpoint.root:
        message = f"{folder / LEAVES}: is not what was signed"
        raise VerificationError(message, next_step=_AGAIN)
    salted = _records(folder, fetch, leaves)
    records = tuple(each.record for each in salted)
    missing = checkpoint.size - len(records)
    try:
        refuse_disagreement(records, missing)
    except InputError as error:
        message = f"{folder}: {error}"
        raise VerificationError(message, next_step=_AGAIN) from error
    _refuse_unproved(records, ledgers)
    return Package(
        signer=checkpoint.origin,
        records=records,
        missing_records=missing,
        missing_files=_missing_files(folder, records),
        claims=_judged(records),
    )


def _records(folder: Path, fetch: Fetch, leaves: bytes) -> list[Salted]:
    size = len(leaves) // HASH_BYTES
    wanted = {file_name(index): index for index in range(size)}
    found = []
    for name in _names(folder / RECORDS):
        if name not in wanted:
            message = f"{folder / RECORDS / name}: does not belong to the package"
            raise VerificationError(message, next_step="Remove it, and verify again.")
        what = f"{folder / RECORDS / name}"
        try:
            each = salted_of(fetch(f"{RECORDS}/{name}", _MOST_RECORD_FILE_BYTES), what)
        except InputError as error:
            raise VerificationError(str(error), next_step=_AGAIN) from error
        start = wanted[name] * HASH_BYTES
        if each.leaf != leaves[start : start + HASH_BYTES]:
            message = f"{what}: is not the record that was signed"
            raise VerificationError(message, next_step=_AGAIN)
        found.append(each)
    others = set(_names(folder)) - {NOTE, LEAVES, RECORDS, ITEMS}
    if others:
        message = f"{folder / min(others)}: does not belong to the package"
        raise VerificationError(message, next_step="Remove it, and verify again.")
    return found


def _missing_files(folder: Path, records: Sequence[Record]) -> tuple[str, ...]:
    items = [each for each in records if isinstance(each, (ItemRecord, DocumentRecord))]
    there = set(_names(folder / ITEMS))
    if others := there - {each.sha256 for each in items}:
        message = f"{folder / ITEMS / min(others)}: is no file of an item"
        raise VerificationError(message, next_step="Remove it, and verify again.")
    for each in items:
        if each.sha256 in there:
            _refuse_other_file(folder / ITEMS / each.sha256, each)
    return tuple(each.id for each in items if each.sha256 not in there)


def _refuse_other_file(path: Path, item: ItemRecord | DocumentRecord) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            is_same = stat.S_ISREG(status.st_mode) and status.st_size == item.size_bytes
            if is_same and file_digest(file, "sha256").hexdigest() == item.sha256:
                return
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Check the folder.") from error
    message = f"{path}: is not the file of the item {item.id}"
    raise VerificationError(message, next_step=_AGAIN)


def _refuse_unproved(records: Sequence[Record], ledgers: Policy | None) -> None:
    for each in records:
        if not isinstance(each, EventRecord):
            continue
        if ledgers is None:
            message = f"{each.id}: is an event of a ledger, and none is believed"
            raise VerificationError(message, next_step="Name the policy of ledgers.")
        try:
            parse_proved_event(each.proved.encode(), each.id).verify(ledgers, each.id)
        except InputError as error:
            raise VerificationError(str(error), next_step=_AGAIN) from error


def _judged(records: Sequence[Record]) -> tuple[JudgedClaim, ...]:
    case = records[0]
    if not isinstance(case, CaseRecord):
        return ()
    claims = [each for each in records if isinstance(each, ClaimRecord)]
    return judged(claims, family=case.claims_put_forward, level=case.level)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(each.name for each in folder.iterdir())
    except OSError as error:
        message = f"{folder}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name the folder of a package.") from error
