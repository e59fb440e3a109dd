"""The member's own records of who carries what: read, and held against the scan they go with."""

from __future__ import annotations

from pathlib import Path

from phalanx.cli.terminal import Common
from phalanx.detect.result import ScanResult
from phalanx.errors import InputError
from phalanx.formats.notation import plural
from phalanx.share.blinding.carriers import Identifiers, read_identifiers
from phalanx.share.exchange.coverage import coverage_of
from phalanx.share.exchange.findings import Selection


def read_records(path: Path, common: Common) -> Identifiers:
    """Read who carries what, and say how much of it cannot be used."""
    records = read_identifiers(path)
    for kind, count in records.unusable.items():
        common.say(f"{path}: left out as none of kind {kind}: {plural(count, 'value')}")
    return records


def refuse_partial(
    path: Path, records: Identifiers, result: ScanResult, chosen: Selection, common: Common
) -> None:
    """Say whom a record and a scan do not share, and raise where it is not the record of the scan.

    Parameters:
        path: Of the record, for messages.
        records: As they were read.
        result: The scan.
        chosen: Campaigns and accounts that are told to others.
        common: Says what is missing.

    Raises:
        InputError: If it speaks of none of its accounts, or of the listed ones much more than of
            the others.
    """
    scanned = map(str, result.accounts.column("account_id").to_pylist())
    found = coverage_of(records.accounts, scanned, chosen.membership)
    if not found.is_of_the_scan:
        message = f"{path}: names no account of the scan"
        raise InputError(message, next_step="Name the record of the same accounts, and --key.")
    others = f"{found.others_known:,} of {plural(found.others, 'other account')}"
    if not found.is_whole:
        listed = f"{found.listed_known:,} of {plural(found.listed, 'listed account')}"
        message = (
            f"{path}: has rows of {listed}, and of {others}: what the rest carry too would be "
            "told of the campaign"
        )
        next_step = (
            "Name the whole record: a row for each account, with an empty value where it "
            "carries nothing."
        )
        raise InputError(message, next_step=next_step)
    if found.strangers:
        common.say(f"{path}: not in the scan: {plural(found.strangers, 'account')} with rows")
    if found.listed_known < found.listed:
        less = plural(found.listed - found.listed_known, "listed account")
        common.say(f"{path}: without a row: {less}, of which no identifier is told")
    if found.others_known < found.others:
        common.say(f"{path}: rows of {others}; what the rest carry too cannot be seen")
