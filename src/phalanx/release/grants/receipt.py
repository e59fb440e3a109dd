"""A receipt: the recipient signs which copy he opened, when, and what he verified."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.envelopes.statement import Moment, payload_of
from phalanx.release.grants.of_copy import OfCopy, verify_of_copy
from phalanx.release.grants.request import named
from phalanx.release.grants.terms import Texts
from phalanx.release.parties.identity import Identity
from phalanx.release.parties.party_keys import PartyKeys


class Receipt(OfCopy):
    """That a copy was opened."""

    type_uri: ClassVar[str] = "urn:phalanx:release:receipt:1"

    opened_at: Moment
    checked: Texts
    """Checks that were made, each in words."""

    not_checked: Texts
    """Checks that the protocol knows and this version does not make."""


def make_receipt(  # noqa: PLR0913 - what a receipt says
    keys: PartyKeys,
    *,
    model: str,
    root: str,
    grant: str,
    record: str,
    now: datetime,
    checked: tuple[str, ...],
    not_checked: tuple[str, ...],
) -> Envelope:
    """Return a signed receipt.

    Parameters:
        keys: Of the recipient.
        model: Its name.
        root: Of its manifest, in hexadecimal.
        grant: Digest of the grant.
        record: Digest of the record.
        now: In UTC, in whole seconds.
        checked: What was verified.
        not_checked: What was not.
    """
    said = Receipt(
        recipient=named(keys.identity),
        grant=grant,
        record=record,
        opened_at=now,
        checked=checked,
        not_checked=not_checked,
    )
    return Envelope(payload=payload_of(said, model, root)).signed(keys.signing)


def verify_receipt(
    envelope: Envelope, recipient: Identity, *, grant: str, record: str, root: str
) -> Receipt:
    """Return what a receipt says, if this recipient signed it for this copy.

    Raises:
        VerificationError: If it is of another recipient, grant or copy.
    """
    return verify_of_copy(
        envelope, Receipt, "receipt", recipient, grant=grant, record=record, root=root
    )
