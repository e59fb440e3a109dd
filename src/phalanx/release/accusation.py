"""An accusation: whose copy a suspect's weights were made from, with its bound, as evidence.

It joins what was measured to what was agreed: the codeword that was found, the commitment to it in
the grant that both had signed before the copy went out, and the receipt for the copy. Whoever
holds the grant can see that the codeword was not chosen afterwards. The measuring is not of this
part; its figures are written down as they came.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator

from phalanx.errors import VerificationError
from phalanx.release.encoding import from_text, to_text
from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.envelopes.statement import (
    Digest,
    Moment,
    Part,
    Predicate,
    Text,
    digest_of,
    parse_payload,
    payload_of,
)
from phalanx.release.grants.codeword import KEY_BYTES, is_committed
from phalanx.release.grants.grant import Agreed, verify_grant
from phalanx.release.grants.receipt import Receipt, verify_receipt
from phalanx.release.grants.request import Named, named
from phalanx.release.grants.terms import Texts
from phalanx.release.parties.identity import Identity
from phalanx.release.parties.party_keys import PartyKeys

Logarithm = Annotated[float, Field(le=0.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
_ROUNDING = 1e-9

_NEXT = "Name the grant, the receipt and the codeword's key of the copy that was traced."


class Measured(Part):
    """What the suspect's weights say of this recipient."""

    rule: Text
    null_hypothesis: Text
    observation: Text
    assumptions: Texts
    """That must hold for the figures to mean what they say."""

    log10_p: Logarithm
    """Of this recipient, after correction for all recipients, ways of reading and suspects."""

    false_accusation: Annotated[float, Field(gt=0.0, lt=1.0)]
    """Chance that anyone at all is accused, in any of the suspects, who had no part in it."""

    recipients_planned: Count
    recipients: Count
    """That got a copy before the suspect was read; each counted."""

    collusion: Count
    """Recipients who may pool their copies and mostly still be traced."""

    suspects: Count
    """That were or will be read for these marks, each of which counted in the correction."""

    @model_validator(mode="after")
    def _names_him(self) -> Self:
        if self.log10_p > math.log10(self.false_accusation) + _ROUNDING:
            message = "its p-value does not reach its own bound, so it names nobody"
            raise ValueError(message)
        if self.recipients > self.recipients_planned:
            message = "more recipients got a copy than the bound is over"
            raise ValueError(message)
        return self


class Accusation(Predicate):
    """That a recipient's copy is in a suspect. It does not say who gave it away."""

    type_uri: ClassVar[str] = "urn:phalanx:release:accusation:2"

    recipient: Named
    grant: Digest
    """SHA-256 of the grant's payload."""

    receipt: Digest | None
    """SHA-256 of the payload of the receipt; null where there is none."""

    codeword: Annotated[str, StringConstraints(pattern=r"^[01]+$", max_length=1 << 20)]
    codeword_key: str
    """Opens the commitment in the grant (base64)."""

    measured: Measured
    traced_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What the issuer kept of one copy that went out."""

    recipient: Identity
    grant: Envelope
    receipt: Envelope | None
    codeword: str
    codeword_key: bytes


def verified_copy(copy: Copy, issuer: Identity) -> Agreed:
    """Return what was agreed on about a copy, if all that was kept of it belongs together.

    Raises:
        VerificationError: If the grant is not signed by both or commits to another codeword, or
            the receipt is of another copy.
    """
    agreed = verify_grant(copy.grant, issuer, copy.recipient)
    _refuse_other_codeword(agreed.grant.commitment, copy.codeword, copy.codeword_key)
    if copy.receipt is not None:
        _verify_receipt(copy.receipt, copy.recipient, agreed.digest)
    return agreed


def accuse(  # noqa: PLR0913 - what an accusation is made of
    keys: PartyKeys, copy: Copy, measured: Measured, *, suspect: str, root: str, now: datetime
) -> Envelope:
    """Return the signed accusation.

    Parameters:
        keys: Of the issuer.
        copy: That was traced.
        measured: As the suspect was read.
        suspect: What it is called.
        root: Digest of its files, see `Manifest.root`.
        now: In UTC, in whole seconds.

    Raises:
        VerificationError: If the grant is not signed by both or commits to another codeword, or
            the receipt is of another copy.
    """
    agreed = verified_copy(copy, keys.identity)
    said = Accusation(
        recipient=named(copy.recipient),
        grant=agreed.digest,
        receipt=None if copy.receipt is None else digest_of(copy.receipt.payload),
        codeword=copy.codeword,
        codeword_key=to_text(copy.codeword_key),
        measured=measured,
        traced_at=now,
    )
    return Envelope(payload=payload_of(said, suspect, root)).signed(keys.signing)


def verify_accusation(
    envelope: Envelope,
    issuer: Identity,
    recipient: Identity,
    grant: Envelope,
    receipt: Envelope | None = None,
) -> tuple[Accusation, str]:
    """Return what an accusation says, if it fits what both had agreed on.

    The figures are the issuer's: whoever doubts them reads the suspect again.

    Parameters:
        envelope: Of the accusation.
        issuer: As he was pinned.
        recipient: As he was pinned.
        grant: That both signed before the copy went out.
        receipt: Of the recipient, if there is one.

    Returns:
        What it says, and the digest of the suspect that it is about.

    Raises:
        VerificationError: If the issuer did not sign it, it is of another grant or receipt, or the
            grant commits to another codeword.
    """
    envelope.refuse_unsigned(issuer, "the accusation")
    said, _, root = parse_payload(envelope.payload, Accusation, "the accusation")
    agreed = verify_grant(grant, issuer, recipient)
    receipt_digest = None if receipt is None else digest_of(receipt.payload)
    if (said.recipient, said.grant, said.receipt) != (
        named(recipient),
        agreed.digest,
        receipt_digest,
    ):
        message = "the accusation is of another grant or receipt"
        raise VerificationError(message, next_step=_NEXT)
    key = from_text(said.codeword_key, "the codeword's key", KEY_BYTES)
    _refuse_other_codeword(agreed.grant.commitment, said.codeword, key)
    if receipt is not None:
        _verify_receipt(receipt, recipient, agreed.digest)
    return said, root


def _refuse_other_codeword(commitment: str | None, codeword: str, key: bytes) -> None:
    if commitment is None or not is_committed(commitment, codeword, key):
        message = "the grant does not commit to this codeword under this key"
        raise VerificationError(message, next_step=_NEXT)


def _verify_receipt(receipt: Envelope, recipient: Identity, grant: str) -> None:
    said, _, root = parse_payload(receipt.payload, Receipt, "the receipt")
    verify_receipt(receipt, recipient, grant=grant, record=said.record, root=root)
