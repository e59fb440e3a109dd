"""The record of a release: which sealed files it has, and whose key opens them.

The issuer signs it. It names each sealed file by the digest of its header, and a header commits to
the key and so to every chunk: files of another release, or of another version of this one, do not
fit. Contents are not named but by the root of the manifest, which is sealed itself: who carries
a release learns its size and the names of its files.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from phalanx.errors import VerificationError
from phalanx.release.encoding import from_text
from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.envelopes.statement import (
    Digest,
    Moment,
    Part,
    Predicate,
    Text,
    digest_of,
    parse_payload,
)
from phalanx.release.grants.grant import Agreed
from phalanx.release.manifest.resources import SIGNATURE_NAME
from phalanx.release.names import refuse_clashing
from phalanx.release.parties.identity import Identity
from phalanx.release.sealing.header import Header
from phalanx.release.sealing.wrapping import WRAPPED_BYTES, WRAPPING

BROKERED = f"broker/{WRAPPING}"
"""The content key is wrapped for a broker, who wraps it anew for an attested machine."""

_MANIFEST = "manifest"
_FILE = r"^([0-9]{6}|manifest)(-[0-9a-f]{16})?\.sealed$"


class SealedEntry(Part):
    """One sealed file."""

    name: str
    """Of the file in the model."""

    file: Annotated[str, StringConstraints(pattern=_FILE)]
    """Of the sealed file; those of one run of sealing into a store have a mark of their own."""

    content_bytes: Annotated[int, Field(ge=0)]
    header: Digest
    """SHA-256 of the header of the sealed file."""


class Record(Predicate):
    """What a release consists of."""

    type_uri: ClassVar[str] = "urn:phalanx:release:record:1"

    grant: Digest
    """SHA-256 of the grant's payload."""

    wrapping: Text
    """How the content key is wrapped, see `WRAPPING` and `BROKERED`."""

    wrapped_key: str
    """The content key, wrapped for the recipient of the grant, or for a broker (base64)."""

    sealed_at: Moment
    manifest: SealedEntry
    files: Annotated[tuple[SealedEntry, ...], Field(strict=False, min_length=1)]

    @property
    def wrapped(self) -> bytes:
        """The wrapped key, as bytes."""
        return from_text(self.wrapped_key, "the wrapped key", WRAPPED_BYTES)


def sealed_name(number: int | None, tag: str) -> str:
    """Return the name of a sealed file.

    Parameters:
        number: Of the file in the model, from 1; null for the manifest.
        tag: Of the run that seals it.

    Examples:
        >>> sealed_name(2, ""), sealed_name(None, "-0123456789abcdef")
        ('000002.sealed', 'manifest-0123456789abcdef.sealed')
    """
    return f"{_MANIFEST if number is None else f'{number:06}'}{tag}.sealed"


def entry_of(header: Header, file: str) -> SealedEntry:
    """Return what a record says of a sealed file."""
    return SealedEntry(
        name=header.name,
        file=file,
        content_bytes=header.content_bytes,
        header=header_digest(header),
    )


def header_digest(header: Header) -> str:
    """Return the digest by which a record names a sealed file, in hexadecimal."""
    return hashlib.sha256(header.as_bytes()).hexdigest()


def verify_record(envelope: Envelope, issuer: Identity, agreed: Agreed) -> tuple[Record, str, str]:
    """Return what a record says, if the issuer signed it for this grant.

    Returns:
        The record, the root of its manifest, and the digest of the record.

    Raises:
        VerificationError: If he did not, or it contradicts itself.
    """
    envelope.refuse_unsigned(issuer, "the record of the release")
    record, _, root = parse_payload(envelope.payload, Record, "the record of the release")
    if record.grant != agreed.digest:
        message = "the release was sealed under another grant"
        raise VerificationError(message, next_step="Ask the sender for the release again.")
    if record.wrapping not in {WRAPPING, BROKERED}:
        message = f"the content key is wrapped by {record.wrapping}, which is not known"
        raise VerificationError(message, next_step="Update Phalanx.")
    # The signature of the manifest will stand beside the files.
    refuse_clashing([SIGNATURE_NAME, *(each.name for each in record.files)])
    files = [each.file for each in record.files]
    is_manifest = [each.startswith(_MANIFEST) for each in (record.manifest.file, *files)]
    if len(set(files)) < len(files) or is_manifest != [True, *(False for _ in files)]:
        message = "the record of the release names a sealed file twice"
        raise VerificationError(message, next_step="Ask the sender for the release again.")
    return record, root, digest_of(envelope.payload)
