"""A certificate of deletion: the recipient signs which copies he deleted, and which he kept.

It is a statement for which somebody answers, and no proof: nobody can show that bits are nowhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.envelopes.statement import Moment, payload_of
from phalanx.release.grants.of_copy import OfCopy, verify_of_copy
from phalanx.release.grants.request import named
from phalanx.release.grants.terms import Texts
from phalanx.release.parties.identity import Identity
from phalanx.release.parties.party_keys import PartyKeys


class Deletion(OfCopy):
    """That a copy was deleted."""

    type_uri: ClassVar[str] = "urn:phalanx:release:deletion:1"

    deleted_at: Moment
    deleted: Annotated[Texts, Field(min_length=1)]
    """Copies and derivatives, each in words."""

    kept: Texts
    """What was not deleted, such as backups that run out later, each in words."""


def certify_deletion(  # noqa: PLR0913 - what a certificate says
    keys: PartyKeys,
    *,
    model: str,
    root: str,
    grant: str,
    record: str,
    now: datetime,
    deleted: tuple[str, ...],
    kept: tuple[str, ...],
) -> Envelope:
    """Return a signed certificate.

    Parameters:
        keys: Of the recipient.
        model: Its name.
        root: Of its manifest, in hexadecimal.
        grant: Digest of the grant.
        record: Digest of the record.
        now: In UTC, in whole seconds.
        deleted: Copies and derivatives, each in words; at least one.
        kept: What was not deleted.

    Raises:
        ValidationError: If words are empty, too long or not on one line.
    """
    said = Deletion(
        recipient=named(keys.identity),
        grant=grant,
        record=record,
        deleted_at=now,
        deleted=deleted,
        kept=kept,
    )
    return Envelope(payload=payload_of(said, model, root)).signed(keys.signing)


def verify_deletion(
    envelope: Envelope, recipient: Identity, *, grant: str, record: str, root: str
) -> Deletion:
    """Return what a certificate says, if this recipient signed it for this copy.

    Raises:
        VerificationError: If it is of another recipient, grant or copy.
    """
    return verify_of_copy(
        envelope, Deletion, "certificate", recipient, grant=grant, record=record, root=root
    )
