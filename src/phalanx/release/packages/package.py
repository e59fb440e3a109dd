"""A sealed release that was verified as far as nobody's private key is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from phalanx.errors import InputError, VerificationError
from phalanx.release.envelopes.dsse import MOST_BYTES, Envelope, parse_envelope
from phalanx.release.grants.grant import Agreed, verify_grant
from phalanx.release.packages.record import Record, SealedEntry, header_digest, verify_record
from phalanx.release.parties.identity import Identity
from phalanx.release.places.place import Folder, Place, as_place
from phalanx.release.sealing.reading import read_header

GRANT, RECORD = "grant.json", "record.json"
PROOFS = ("grant.tlog-proof", "record.tlog-proof")
"""That grant and record are in a log. They are added after sealing, and may be missing."""

MOST_PROOF_BYTES = 1 << 18
"""More than the parser of proofs takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A release whose signatures and headers were verified; its chunks were not."""

    place: Place
    agreed: Agreed
    record: Record
    root: str
    """Of the manifest, in hexadecimal."""

    digest: str
    """SHA-256 of the record's payload, in hexadecimal."""

    proofs: Mapping[str, bytes] = field(default_factory=dict)
    """Those of `PROOFS` that are there; nothing of them is verified yet."""


def check_package(folder: Path | Place, issuer: Identity, recipient: Identity) -> Package:
    """Verify signatures, and that every sealed file is there, has its size and its header.

    Parameters:
        folder: Of the release, or another place that holds it.
        issuer: As he was pinned.
        recipient: As he was pinned.

    Raises:
        VerificationError: If anything is missing, was added, exchanged or not signed.
        InputError: If it cannot be read.
    """
    place = as_place(folder)
    agreed = verify_grant(_envelope_in(place, GRANT), issuer, recipient)
    record, root, digest = verify_record(_envelope_in(place, RECORD), issuer, agreed)
    entries = (record.manifest, *record.files)
    proofs = _proofs_in(place)
    place.refuse_others({GRANT, RECORD, *proofs, *(each.file for each in entries)})
    for each in entries:
        _check_header(place, each, agreed)
    return Package(
        place=place, agreed=agreed, record=record, root=root, digest=digest, proofs=proofs
    )


def read_envelope(path: Path) -> Envelope:
    """Read a signed statement. Nothing in it is verified yet.

    Raises:
        InputError: If it cannot be read.
        VerificationError: If it is none.
    """
    return _envelope_in(Folder(path.parent), path.name)


def _envelope_in(place: Place, name: str) -> Envelope:
    return parse_envelope(_content_in(place, name, MOST_BYTES), place.where(name))


def _content_in(place: Place, name: str, most_bytes: int) -> bytes:
    """Return a file, or of one that is too large as much as its parser refuses."""
    content = bytearray()
    with place.open(name) as file:
        while len(content) <= most_bytes and (piece := file.read(most_bytes + 1)):
            content += piece
    return bytes(content)


def _proofs_in(place: Place) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name in PROOFS:
        try:
            found[name] = _content_in(place, name, MOST_PROOF_BYTES)
        except InputError:
            continue  # it may be missing; what else stands there does not belong
    return found


def _check_header(place: Place, entry: SealedEntry, agreed: Agreed) -> None:
    where = place.where(entry.file)
    with place.open(entry.file, is_short=True) as file:
        header = read_header(file, where)
    fits = (
        header_digest(header) == entry.header
        and header.name == entry.name
        and header.content_bytes == entry.content_bytes
        and header.grant.hex() == agreed.digest
    )
    if not fits:
        message = f"{where} is not the file of this release that the record names"
        raise VerificationError(message, next_step="Fetch the release again, all of it.")
