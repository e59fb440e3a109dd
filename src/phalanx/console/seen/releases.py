"""Sealed releases in a folder, with the receipts that came back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from phalanx.errors import InputError, PhalanxError, VerificationError, reason_of
from phalanx.release.envelopes.statement import parse_payload
from phalanx.release.grants.grant import Grant
from phalanx.release.grants.receipt import Receipt, verify_receipt
from phalanx.release.packages.package import (
    GRANT,
    RECORD,
    Package,
    check_package,
    read_envelope,
)
from phalanx.release.packages.record import Record
from phalanx.release.parties.identity import Identity

RECEIPT = ".receipt.json"
"""Ends the name of a receipt that lies beside the folder of its release."""

NO_IDENTITY = "not verified: no identity of"
"""Begins the problem of a release that nobody could verify for want of identities."""

_MOST_IDENTITY_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """A file of a release."""

    name: str
    content_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """That a recipient opened a copy, as he signed it."""

    opened_at: datetime
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release, what was granted with it, and what became of it."""

    name: str
    problem: str
    """Why it does not verify; empty where signatures and headers do."""

    model: str = ""
    issuer: str = ""
    recipient: str = ""
    tier: str = ""
    purposes: tuple[str, ...] = ()
    environment: str = ""
    derivatives: str = ""
    onward_transfer: bool = False
    begins_at: datetime | None = None
    expires_at: datetime | None = None
    delete_by: datetime | None = None
    incident_contact: str = ""
    evidence_duties: tuple[str, ...] = ()
    demands: tuple[str, ...] = ()
    export: str = ""
    is_marked: bool = False
    """Whether the grant commits to a codeword of this copy."""

    sealed_at: datetime | None = None
    files: tuple[SealedFile, ...] = ()
    receipt: Opened | None = None
    receipt_problem: str = ""
    """Why a receipt that lies there does not verify."""

    @property
    def content_bytes(self) -> int:
        """Of all files."""
        return sum(each.content_bytes for each in self.files)


def read_identities(folder: Path | None) -> Mapping[str, Identity]:
    """Read identities, by fingerprint.

    Raises:
        InputError: If the folder or a file cannot be read.
        VerificationError: If one is no identity.
    """
    found = {}
    try:
        for path in [] if folder is None else sorted(folder.glob("*.json")):
            with path.open("rb") as file:
                said = json.loads(file.read(_MOST_IDENTITY_BYTES))
            identity = Identity.from_json(said)
            found[identity.fingerprint] = identity
    except (OSError, ValueError, RecursionError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "holds a file that is no JSON"
        message = f"{folder}: {reason}"
        raise InputError(message, next_step="Name another folder with --identities.") from error
    return found


def release_names(folder: Path) -> tuple[str, ...]:
    """Return the names of releases in a folder.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        return tuple(sorted(each.name for each in folder.iterdir() if (each / GRANT).is_file()))
    except OSError as error:
        message = f"{folder}: cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name another folder with --releases.") from error


def read_release(folder: Path, identities: Mapping[str, Identity]) -> Release:
    """Read a release, and verify it as far as identities are known.

    Parameters:
        folder: Of the release.
        identities: By fingerprint.
    """
    try:
        grant, _, _ = parse_payload(read_envelope(folder / GRANT).payload, Grant, "the grant")
        record, _, _ = parse_payload(read_envelope(folder / RECORD).payload, Record, "the record")
    except PhalanxError as error:
        return Release(name=folder.name, problem=str(error))
    parties = [identities.get(each.fingerprint) for each in (grant.issuer, grant.recipient)]
    issuer, recipient = parties
    if issuer is None or recipient is None:
        names = (grant.issuer.name, grant.recipient.name)
        missing = [name for name, known in zip(names, parties, strict=True) if known is None]
        problem = f"{NO_IDENTITY} {' and '.join(missing)} is named (--identities)"
        return _release(folder.name, grant, record, problem)
    try:
        package = check_package(folder, issuer, recipient)
    except PhalanxError as error:
        return _release(folder.name, grant, record, str(error))
    receipt, trouble = _receipt(folder, package, recipient)
    return _release(folder.name, grant, record, "", receipt=receipt, receipt_problem=trouble)


def _receipt(folder: Path, package: Package, recipient: Identity) -> tuple[Opened | None, str]:
    path = folder.with_name(folder.name + RECEIPT)
    if not path.exists():
        return None, ""
    try:
        said: Receipt = verify_receipt(
            read_envelope(path),
            recipient,
            grant=package.agreed.digest,
            record=package.digest,
            root=package.root,
        )
    except (VerificationError, InputError) as error:
        return None, str(error)
    return (
        Opened(opened_at=said.opened_at, checked=said.checked, not_checked=said.not_checked),
        "",
    )


def _release(  # noqa: PLR0913 - what makes one up
    name: str,
    grant: Grant,
    record: Record,
    problem: str,
    *,
    receipt: Opened | None = None,
    receipt_problem: str = "",
) -> Release:
    terms, export = grant.terms, grant.terms.export
    return Release(
        name=name,
        problem=problem,
        model=terms.asked.model,
        issuer=grant.issuer.name,
        recipient=grant.recipient.name,
        tier=terms.asked.tier,
        purposes=terms.asked.purposes,
        environment=terms.asked.environment,
        derivatives=terms.derivatives,
        onward_transfer=terms.onward_transfer,
        begins_at=terms.begins_at,
        expires_at=terms.expires_at,
        delete_by=terms.delete_by,
        incident_contact=terms.incident_contact,
        evidence_duties=terms.evidence_duties,
        demands=terms.demands,
        export=""
        if export is None
        else f"{export.jurisdiction}: {export.classification} ({export.basis}, "
        f"checked {export.checked_on.isoformat()})",
        is_marked=grant.commitment is not None,
        sealed_at=record.sealed_at,
        files=tuple(
            SealedFile(name=each.name, content_bytes=each.content_bytes) for each in record.files
        ),
        receipt=receipt,
        receipt_problem=receipt_problem,
    )
