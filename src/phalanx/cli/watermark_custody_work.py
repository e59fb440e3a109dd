"""What the commands about custodians and audit keys do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from phalanx.cli.rendering import refuse_known
from phalanx.cli.watermark_work import commitment_text, committed, digest_of, key_names_of
from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.owned import read_owned
from phalanx.printable import printable, printable_json
from phalanx.watermark.keys.approval import Approval
from phalanx.watermark.keys.custodian_file import approve_noted, read_custodian
from phalanx.watermark.keys.custodians import Custodian
from phalanx.watermark.keys.dual_control import Wanted, open_keys, waiting
from phalanx.watermark.keys.handed_out import MOST_BYTES as MOST_KEYS_BYTES
from phalanx.watermark.keys.handed_out import AuditKeys, read_handed_out
from phalanx.watermark.keys.listing import DerivedKeys
from phalanx.watermark.keys.opening import MOST_BYTES, Opening, read_document
from phalanx.watermark.keys.request import Request, VaultIdentity, verify_request
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.secret import Secret
from phalanx.watermark.keys.vault import Vault
from phalanx.watermark.schemes.registry import open_scheme

_FEWEST_DIGITS = 16
_MOST_NAMES = 20
"""That are printed of an opening; of more, their number."""


def public_text(made: Custodian) -> str:
    """Return what a custodian hands over."""
    return document_text(asdict(made))


def document_text(said: Mapping[str, Any]) -> str:
    """Return a document as it is sent."""
    return printable_json(json.dumps(said, indent=2, ensure_ascii=False)) + "\n"


def read_identity(path: Path) -> VaultIdentity:
    """Read what a vault is known by.

    Raises:
        InputError: If it is something else, or cannot be read.
    """
    return VaultIdentity.from_json(_document(path))


def wanted(  # noqa: PLR0917 - what custodians read
    names: Path,
    scheme: str,
    reason: str,
    plan: Path,
    opens_at: datetime,
    days: float,
    epoch: int | None,
) -> Wanted:
    """Return what is asked for; a moment without a time zone is one of this machine's.

    Raises:
        InputError: If something of it is none.
    """
    opens_at = opens_at.astimezone(UTC)
    return Wanted(
        names=key_names_of(names),
        setting=open_scheme(scheme).setting,
        reason=reason,
        plan=digest_of(plan),
        opens_at=opens_at,
        closes_at=opens_at + timedelta(days=days),
        epoch=epoch,
    )


def openings_text(openings: Sequence[Opening]) -> str:
    """Return openings for reading."""
    lines: list[str] = []
    for each in openings:
        shown, more = ", ".join(each.names[:_MOST_NAMES]), len(each.names) - _MOST_NAMES
        keys = f"{len(each.names):,} of {each.scheme}, epoch {each.epoch} of {each.provider}"
        asked = f"{each.asked_at:%Y-%m-%d %H:%M} UTC, line {each.line} of the log"
        lines += [
            each.digest,
            f"  asked by  {each.by}, {asked}",
            f"  why       {each.reason}",
            f"  keys      {keys}",
            f"            {shown}" + (f" and {more:,} more" if more > 0 else ""),
            f"  plan      {each.plan}",
            f"  open      {each.opens_at:%Y-%m-%d %H:%M} to {each.closes_at:%Y-%m-%d %H:%M} UTC",
        ]
    return "".join(f"{printable(line)}\n" for line in lines or ["nothing is waiting"])


def openings_json(openings: Sequence[Opening]) -> str:
    """Return openings for programs."""
    return document_text(
        {
            "schema": "phalanx.audit-openings/1",
            "openings": [{"digest": each.digest, **each.as_json()} for each in openings],
        }
    )


def verified_request(path: Path, file: Path, seal: Seal) -> Request:
    """Read a request that the vault signed which a custodian trusts.

    Raises:
        VerificationError: If it did not.
        PhalanxError: If he trusts none, or a file cannot be used.
    """
    request = Request.from_json(_document(path))
    verify_request(request, read_custodian(file, seal).trusted(request.opening.provider))
    return request


def approved(path: Path, digest: str, file: Path, seal: Seal) -> Approval:
    """Approve a request that was read.

    Raises:
        VerificationError: If another one was read.
        PhalanxError: As `custodian_file.approve_noted`.
    """
    request = Request.from_json(_document(path))
    said = digest.strip().lower()
    if len(said) < _FEWEST_DIGITS or not request.opening.digest.startswith(said):
        message = f"{path}: not the opening {digest[:64]}"
        raise VerificationError(message, next_step="Show the request, and read it.")
    return approve_noted(file, seal, request, datetime.now(UTC))


def refuse_files(output: Path, commitment: Path | None, seed: Path | None) -> None:
    """Say before keys are opened, which is done once, that a file is there already.

    Raises:
        InputError: If it is, or there is a commitment without a seed.
    """
    if (commitment is None) != (seed is None):
        message = "a commitment takes a seed, and a seed is for a commitment"
        raise InputError(message, next_step="Name both --commitment and --seed, or neither.")
    for path in (output, commitment, seed):
        refuse_known(path)


def opened_both(vault: Vault, one: Path, other: Path) -> tuple[Opening, DerivedKeys]:
    """Carry out the opening that two approvals are of.

    Raises:
        VerificationError: If they are of different ones.
        PhalanxError: As `dual_control.open_keys`.
    """
    first, second = (Approval.from_json(_document(path)) for path in (one, other))
    if first.opening != second.opening:
        message = f"{one} and {other}: approvals of different openings"
        raise VerificationError(message, next_step="Ask both custodians for the same one.")
    found = [each for each in waiting(vault) if each.digest == first.opening]
    if not found:
        message = f"{first.opening[:64]}: was not asked for here, or was carried out"
        raise InputError(message, next_step="List what is waiting.")
    setting = open_scheme(found[0].scheme).setting
    return found[0], open_keys(vault, found[0], (first, second), setting, datetime.now(UTC))


def committed_to(keys: DerivedKeys, plan: str, seed: Path) -> str:
    """Commit to keys under a new seed, and return what is published."""
    return commitment_text(committed(keys, plan, seed))


def read_keys(path: Path) -> AuditKeys:
    """Read audit keys that were handed out.

    Raises:
        ConfigError: If others may read the file.
        InputError: If it holds something else.
    """
    return read_handed_out(Secret(read_owned(path, "file of audit keys", MOST_KEYS_BYTES) or b" "))


def _document(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            return read_document(file.read(MOST_BYTES + 1))
    except OSError as error:
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Check the path and its permissions.") from error
