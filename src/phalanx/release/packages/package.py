"""A sealed release that was verified as far as nobody's private key is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from phalanx.errors import InputError, VerificationError, reason_of
from phalanx.release.envelopes.dsse import MOST_BYTES, Envelope, parse_envelope
from phalanx.release.grants.grant import Agreed, verify_grant
from phalanx.release.packages.record import Record, SealedEntry, header_digest, verify_record
from phalanx.release.parties.identity import Identity
from phalanx.release.sealing.reading import read_header
from phalanx.release.sealing.writing import open_plain

GRANT, RECORD = "grant.json", "record.json"
PROOFS = ("grant.tlog-proof", "record.tlog-proof")
"""That grant and record are in a log. They are added after sealing, and may be missing."""

MOST_PROOF_BYTES = 1 << 18
"""More than the parser of proofs takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A release whose signatures and headers were verified; its chunks were not."""

    folder: Path
    agreed: Agreed
    record: Record
    root: str
    """Of the manifest, in hexadecimal."""

    digest: str
    """SHA-256 of the record's payload, in hexadecimal."""

    proofs: Mapping[str, bytes] = field(default_factory=dict)
    """Those of `PROOFS` that are there; nothing of them is verified yet."""


def check_package(folder: Path, issuer: Identity, recipient: Identity) -> Package:
    """Verify signatures, and that every sealed file is there, has its size and its header.

    Parameters:
        folder: Of the release.
        issuer: As he was pinned.
        recipient: As he was pinned.

    Raises:
        VerificationError: If anything is missing, was added, exchanged or not signed.
        InputError: If it cannot be read.
    """
    agreed = verify_grant(read_envelope(folder / GRANT), issuer, recipient)
    record, root, digest = verify_record(read_envelope(folder / RECORD), issuer, agreed)
    entries = (record.manifest, *record.files)
    proofs = _proofs_in(folder)
    _refuse_other_files(folder, {GRANT, RECORD, *proofs, *(each.file for each in entries)})
    for each in entries:
        _check_header(folder / each.file, each, agreed)
    return Package(
        folder=folder, agreed=agreed, record=record, root=root, digest=digest, proofs=proofs
    )


def read_envelope(path: Path) -> Envelope:
    """Read a signed statement. Nothing in it is verified yet.

    Raises:
        InputError: If it cannot be read.
        VerificationError: If it is none.
    """
    with open_plain(path) as file:
        content = bytearray()
        while len(content) <= MOST_BYTES and (piece := file.read(MOST_BYTES + 1)):
            content += piece
    return parse_envelope(bytes(content), str(path))


def _proofs_in(folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name in PROOFS:
        try:
            with open_plain(folder / name) as file:
                found[name] = file.read(MOST_PROOF_BYTES + 1)
        except InputError:
            continue  # it may be missing; what else stands there does not belong
    return found


def _refuse_other_files(folder: Path, expected: set[str]) -> None:
    try:
        there = {each.name for each in folder.iterdir()}
    except OSError as error:
        message = f"{folder} cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Pass the folder of a release.") from error
    for names, what in ((expected - there, "is missing"), (there - expected, "does not belong")):
        if names:
            message = f"{folder / min(names)} {what}"
            raise VerificationError(message, next_step="Fetch the release again, all of it.")


def _check_header(path: Path, entry: SealedEntry, agreed: Agreed) -> None:
    with open_plain(path) as file:
        header = read_header(file, str(path))
    fits = (
        header_digest(header) == entry.header
        and header.name == entry.name
        and header.content_bytes == entry.content_bytes
        and header.grant.hex() == agreed.digest
    )
    if not fits:
        message = f"{path} is not the file of this release that the record names"
        raise VerificationError(message, next_step="Fetch the release again, all of it.")
