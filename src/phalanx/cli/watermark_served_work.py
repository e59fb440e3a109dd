"""What makes registers and codes, and opens their keys again."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from phalanx.cli.watermark_options import KeyOptions
from phalanx.cli.watermark_work import content_of, key_names_of, names_of
from phalanx.errors import InputError, VerificationError
from phalanx.watermark.detection import SchemeKeys
from phalanx.watermark.keys.listing import DerivedKeys
from phalanx.watermark.keys.tree import Purpose, refuse_key_name
from phalanx.watermark.keys.vault import Act, Vault
from phalanx.watermark.schemes.registry import open_scheme
from phalanx.watermark.schemes.scheme import Scheme
from phalanx.watermark.tracing import (
    Code,
    CodeFile,
    ServedKey,
    SlotKeys,
    code_setting,
    read_code_file,
)
from phalanx.watermark.tracing.code_file import MOST_BYTES, check_code_file

_HEADER = ["account", "key_name", "first_served", "last_served", "tokens"]
_MOST_CSV_BYTES = 1 << 30
_OTHER = "the vault derives another key than the one it names"


def registered(  # noqa: PLR0917 - what a register is made of
    vault: Vault,
    path: Path,
    which: KeyOptions,
    who: Act,
    first: datetime | None,
    last: datetime | None,
) -> tuple[ServedKey, ...]:
    """Return the rows of a register.

    Raises:
        InputError: If names, rows or the scheme are none.
        PhalanxError: If the vault cannot be opened, or the epoch was destroyed.
    """
    setting = open_scheme(which.scheme).setting
    rows = _csv_rows(path) if path.suffix == ".csv" else None
    names = key_names_of(path) if rows is None else tuple(dict.fromkeys(row[1] for row in rows))
    made = vault.derive(which.purpose, names, setting, who, epoch=which.epoch)
    ids = dict(zip(made.names, made.ids, strict=True))
    if rows is None:
        begins = _in_utc(first) if first else made.begins
        ends = _in_utc(last) if last else made.ends or max(who.at, begins)
        rows = [(name, name, begins, ends, 0) for name in names]
        if ends < begins:
            message = (
                f"{path}: would be last served before they are first served, {begins:%Y-%m-%d}"
            )
            raise InputError(message, next_step="Mend --first-served or --last-served.")
    return tuple(
        ServedKey(
            account=account,
            key_id=ids[key_name],
            first_served=begins,
            last_served=ends,
            tokens=tokens,
            key_name=key_name,
            scheme=made.scheme,
            purpose=made.purpose,
            epoch=made.epoch,
        )
        for account, key_name, begins, ends, tokens in rows
    )


def coded(
    vault: Vault, path: Path, plan: tuple[str, str, int, float, int | None], who: Act
) -> CodeFile:
    """Return the file of a code.

    Parameters:
        vault: That its keys are derived from.
        path: File of accounts.
        plan: Name, scheme, traitors, chance of a false accusation, epoch.
        who: Who does it, and when.

    Raises:
        InputError: If names or the scheme are none, or there are too many.
        PhalanxError: If the vault cannot be opened, or the epoch was destroyed.
    """
    name, scheme, collusion, false_accusation, epoch = plan
    setting = open_scheme(scheme).setting
    wanted = CodeFile(
        name=name, scheme=setting.name, epoch=epoch or 1, accounts=names_of(path),
        collusion=collusion, false_accusation=false_accusation, code_id="", slots_id="",
    )  # fmt: skip
    check_code_file(wanted)
    made = vault.derive("account", wanted.key_names, code_setting(setting), who, epoch=epoch)
    return CodeFile(
        name=name, scheme=setting.name, epoch=made.epoch, accounts=wanted.accounts,
        collusion=collusion, false_accusation=false_accusation, code_id=made.ids[0],
        slots_id=made.ids[1],
    )  # fmt: skip


def keys_of_register(vault: Vault, rows: Sequence[ServedKey], who: Act) -> list[SchemeKeys]:
    """Derive the keys that a register names, and see that they are the ones.

    Raises:
        InputError: If a row does not say what its key is derived from.
        VerificationError: If the register is of another vault, epoch or scheme.
        PhalanxError: If the vault cannot be opened, or an epoch was destroyed.
    """
    groups: dict[tuple[str, str, int], dict[str, str]] = {}
    for row in rows:
        if not (row.key_name and row.scheme and row.purpose and row.epoch):
            message = f"the register does not say what key {row.key_id[:60]} is derived from"
            raise InputError(message, next_step="Make it with `phalanx watermark register`.")
        held = groups.setdefault((row.scheme, row.purpose, row.epoch), {})
        if held.setdefault(row.key_name, row.key_id) != row.key_id:
            message = f"the register has two keys for {row.key_name}"
            raise InputError(message, next_step="Make it with `phalanx watermark register`.")
    keys: dict[str, tuple[Scheme, dict[str, bytes]]] = {}
    for (name, purpose, epoch), wanted in groups.items():
        scheme = open_scheme(name)
        made = vault.derive(
            cast("Purpose", purpose), tuple(wanted), scheme.setting, who, epoch=epoch
        )
        _refuse_others(made, tuple(wanted.values()))
        there = keys.setdefault(scheme.setting.name, (scheme, {}))[1]
        there |= {at: key.reveal() for at, key in zip(made.ids, made.keys, strict=True)}
    return [SchemeKeys(scheme, there) for scheme, there in keys.values()]


def read_code(path: Path) -> CodeFile:
    """Read the file of a code.

    Raises:
        InputError: If it is none, or cannot be read.
    """
    return read_code_file(content_of(path, MOST_BYTES))


def open_code(vault: Vault, said: CodeFile, who: Act) -> tuple[Scheme, Code, SlotKeys]:
    """Derive the keys of a code, and see that they are the ones.

    Raises:
        VerificationError: If it is of another vault or epoch.
        PhalanxError: If the vault cannot be opened, or the epoch was destroyed.
    """
    scheme = open_scheme(said.scheme)
    setting = code_setting(scheme.setting)
    made = vault.derive("account", said.key_names, setting, who, epoch=said.epoch)
    _refuse_others(made, (said.code_id, said.slots_id))
    secret, slots = made.keys
    plan = said.plan
    return (
        scheme,
        Code(plan, secret.reveal()),
        SlotKeys(slots.reveal(), plan.length, scheme.setting.key_bytes),
    )


def _refuse_others(made: DerivedKeys, wanted: Sequence[str]) -> None:
    for name, found, named in zip(made.names, made.ids, wanted, strict=True):
        if found != named:
            message = f"{name[:200]} in epoch {made.epoch}: {_OTHER}"
            advice = "Open the vault that it was made with; an id follows from epoch and scheme."
            raise VerificationError(message, next_step=advice)


def _csv_rows(path: Path) -> list[tuple[str, str, datetime, datetime, int]]:
    """Read the rows of a CSV."""
    content = content_of(path, _MOST_CSV_BYTES)
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        message = f"{path}: not a readable CSV"
        raise InputError(message, next_step="Save it as CSV in UTF-8.") from error
    if not rows or rows[0] != _HEADER or len(rows) < 2:
        raise _no_rows(path)
    found = []
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cells):
            continue
        try:
            account, key_name, first, last, tokens = cells
            row = (account, key_name, _moment(first), _moment(last), int(tokens))
            usable = 0 < len(account) <= 512 and 0 <= row[4] < 1 << 63
        except (ValueError, OverflowError) as error:
            message = f"{path}, row {number}: not as the header says"
            advice = "Write moments as 2026-09-01T12:00:00Z and tokens as a whole number."
            raise InputError(message, next_step=advice) from error
        if not usable:
            message = (
                f"{path}, row {number}: an account has 1 to 512 characters, tokens are counted"
            )
            raise InputError(message, next_step="Mend or remove the row.")
        if row[3] < row[2]:
            message = f"{path}, row {number}: was last served before it was first served"
            raise InputError(message, next_step="Mend the moments.")
        refuse_key_name(key_name, f"{path}, row {number}")
        found.append(row)
    if not found:
        raise _no_rows(path)
    return found


def _no_rows(path: Path) -> InputError:
    message = f"{path}: expected the header {','.join(_HEADER)}, and rows below it"
    return InputError(message, next_step="Write the header line, and a row for each account.")


def _moment(text: str) -> datetime:
    return _in_utc(datetime.fromisoformat(text))


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
