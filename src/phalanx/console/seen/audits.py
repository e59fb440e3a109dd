"""Signed reports of audits of marks, in a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from phalanx.errors import ConfigError, InputError, PhalanxError, VerificationError, reason_of
from phalanx.signed import MOST_BYTES, signed_by
from phalanx.watermark.audit.report import FORMAT, audit_of
from phalanx.watermark.audit.verdict import Audit, KeyVerdict

_MOST_KEY_BYTES = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """A report, and how far it can be relied on."""

    name: str
    suspect: str
    mode: str
    scheme: str
    made_at: str
    """Of the plan."""

    plan_digest: str
    """To be compared with the one that was published before the audit."""

    level: float
    places: int
    read: int
    asked: int
    evaluable: bool
    needed_log10_e: float
    largest_decoy_log10_e: float | None
    decoys: int
    keys: tuple[KeyVerdict, ...]
    assumptions: tuple[str, ...]
    signed_by: str
    """Whose key it is, by its file; empty where no key that was named signed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadReport:
    """A file that is no report, or does not follow from what it states."""

    name: str
    reason: str


def read_signers(paths: Sequence[Path]) -> dict[str, Ed25519PublicKey]:
    """Read public keys, by the names of their files.

    Raises:
        ConfigError: If one is none.
    """
    found = {}
    for path in paths:
        try:
            with path.open("rb") as file:
                key = load_pem_public_key(file.read(_MOST_KEY_BYTES))
        except (OSError, ValueError) as error:
            reason = reason_of(error) if isinstance(error, OSError) else "no public key (PEM)"
            message = f"{path}: {reason}"
            raise ConfigError(message, next_step="Name the key of who signs audits.") from error
        if not isinstance(key, Ed25519PublicKey):
            message = f"{path}: an Ed25519 key signs audits"
            raise ConfigError(message, next_step="Name the key of who signs audits.")
        found[path.stem] = key
    return found


def read_audits(
    folder: Path, signers: dict[str, Ed25519PublicKey]
) -> tuple[tuple[AuditReport, ...], tuple[UnreadReport, ...]]:
    """Read all reports of a folder, by name, and the files that are none with the reason.

    Raises:
        InputError: If the folder cannot be read.
    """
    reports, others = [], []
    try:
        paths = sorted(folder.glob("*.json"))
    except OSError as error:
        message = f"{folder}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name another folder with --audits.") from error
    for path in paths:
        try:
            reports.append(read_audit(path, signers))
        except PhalanxError as error:
            others.append(UnreadReport(name=path.name, reason=str(error)))
    return tuple(reports), tuple(others)


def read_audit(path: Path, signers: dict[str, Ed25519PublicKey]) -> AuditReport:
    """Read a report, and conclude again from what it states.

    Raises:
        InputError: If it cannot be read.
        VerificationError: If it is none, or does not follow from its own plan and e-values.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        message = f"{path.name}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="See the list of audits.") from error
    signer = _signer_of(data, signers)
    try:
        content = json.loads(data)["report"]
        if content["format"] != FORMAT:
            message = f"{path.name}: not of the format {FORMAT}"
            raise VerificationError(message, next_step="Read it with the version that wrote it.")
        audit = audit_of(content)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        message = f"{path.name}: no report of an audit, or it does not follow from itself"
        raise VerificationError(message, next_step="Do not trust it.") from error
    return _report(path.stem, audit, signer)


def _signer_of(data: bytes, signers: dict[str, Ed25519PublicKey]) -> str:
    for name, key in signers.items():
        try:
            signed_by(data, key, "report of an audit")
        except VerificationError:
            continue  # somebody else may have signed it
        return name
    return ""


def _report(name: str, audit: Audit, signer: str) -> AuditReport:
    plan = audit.plan
    return AuditReport(
        name=name,
        suspect=plan.suspect,
        mode=plan.mode,
        scheme=plan.scheme,
        made_at=plan.made_at,
        plan_digest=plan.digest(),
        level=plan.level,
        places=audit.places,
        read=audit.read,
        asked=plan.asked,
        evaluable=audit.evaluable,
        needed_log10_e=audit.needed_log10_e,
        largest_decoy_log10_e=audit.largest_decoy_log10_e,
        decoys=plan.decoys,
        keys=audit.keys,
        assumptions=audit.assumptions,
        signed_by=signer,
    )
