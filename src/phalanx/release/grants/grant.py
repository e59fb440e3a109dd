"""A grant: the issuer's licence for one recipient, which both have signed before it counts.

It names the request by its digest. A sealed release is bound to the digest of the grant: keys are
derived from it, so a release opens under no other grant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from phalanx.errors import PolicyError, VerificationError
from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.envelopes.statement import (
    Digest,
    Moment,
    Predicate,
    digest_of,
    parse_payload,
    payload_of,
)
from phalanx.release.grants.request import Named, named, verify_request
from phalanx.release.grants.terms import Terms, beyond
from phalanx.release.parties.identity import Identity
from phalanx.release.parties.party_keys import PartyKeys


class Grant(Predicate):
    """Who grants what to whom."""

    type_uri: ClassVar[str] = "urn:phalanx:release:grant:1"

    issuer: Named
    recipient: Named
    terms: Terms
    issued_at: Moment
    """A later grant of the same model takes the place of an earlier one."""

    commitment: Digest | None
    """To the codeword of this copy, see `codeword`; null where the copy is not marked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """A grant that was verified, with the digest that everything else is bound to."""

    grant: Grant
    digest: str
    """SHA-256 of its payload, in hexadecimal."""

    request: str
    """SHA-256 of the payload of the request that it answers."""


def issue_grant(  # noqa: PLR0913 - a licence has as many parts
    request: Envelope,
    recipient: Identity,
    keys: PartyKeys,
    terms: Terms,
    now: datetime,
    *,
    commitment: str | None,
) -> Envelope:
    """Return a grant that the issuer has signed, and the recipient has not yet.

    Parameters:
        request: That it answers.
        recipient: As he was pinned.
        keys: Of the issuer.
        terms: What is granted: at most what was asked for.
        now: In UTC, in whole seconds.
        commitment: To the codeword of the copy, in hexadecimal, if it will be marked.

    Raises:
        VerificationError: If the recipient did not sign the request.
        PolicyError: If the terms go beyond the request.
    """
    asked = verify_request(request, recipient)
    if excess := beyond(terms.asked, asked.asked):
        message = f"the grant goes beyond the request: {excess}"
        raise PolicyError(message, next_step="Grant what was asked for, or ask for more.")
    said = Grant(
        issuer=named(keys.identity),
        recipient=named(recipient),
        terms=terms,
        issued_at=now,
        commitment=commitment,
    )
    payload = payload_of(said, "request", digest_of(request.payload))
    return Envelope(payload=payload).signed(keys.signing)


def accept_grant(
    envelope: Envelope, issuer: Identity, keys: PartyKeys, request: Envelope, now: datetime
) -> Envelope:
    """Return a grant that the recipient has signed too. From then on it counts.

    Parameters:
        envelope: As the issuer sent it.
        issuer: As he was pinned.
        keys: Of the recipient.
        request: That he made.
        now: In UTC.

    Raises:
        VerificationError: If the issuer did not sign it, or it answers another request.
        PolicyError: If it goes beyond the request, or its time is over.
    """
    envelope.refuse_unsigned(issuer, "the grant")
    agreed = _parsed(envelope, issuer, keys.identity)
    if agreed.request != digest_of(request.payload):
        message = "the grant answers another request"
        raise VerificationError(message, next_step="Name the request that was sent.")
    asked = verify_request(request, keys.identity)
    if excess := beyond(agreed.grant.terms.asked, asked.asked):
        message = f"the grant goes beyond the request: {excess}"
        raise PolicyError(message, next_step="Ask the issuer for another grant.")
    if now >= agreed.grant.terms.expires_at:
        raise _over(agreed.grant)
    return envelope.signed(keys.signing)


def verify_grant(envelope: Envelope, issuer: Identity, recipient: Identity) -> Agreed:
    """Return what a grant says, if both have signed it, whatever the time is.

    Parameters:
        envelope: As it was received.
        issuer: As he was pinned.
        recipient: As he was pinned.

    Raises:
        VerificationError: If one of them did not sign it, or it is between others.
    """
    envelope.refuse_unsigned(issuer, "the grant")
    envelope.refuse_unsigned(recipient, "the grant")
    return _parsed(envelope, issuer, recipient)


def refuse_untimely(grant: Grant, now: datetime) -> None:
    """Refuse a grant that has not begun or is over.

    Raises:
        PolicyError: In both cases.
    """
    if now < grant.terms.begins_at:
        message = f"the grant begins at {grant.terms.begins_at.isoformat()}"
        raise PolicyError(message, next_step="Wait until then, and compare the clocks.")
    if now >= grant.terms.expires_at:
        raise _over(grant)


def _parsed(envelope: Envelope, issuer: Identity, recipient: Identity) -> Agreed:
    said, _, request = parse_payload(envelope.payload, Grant, "the grant")
    if (said.issuer, said.recipient) != (named(issuer), named(recipient)):
        message = f"the grant is not one of {issuer.name} to {recipient.name}"
        raise VerificationError(message, next_step="Name the identities that the grant names.")
    return Agreed(grant=said, digest=digest_of(envelope.payload), request=request)


def _over(grant: Grant) -> PolicyError:
    message = f"the grant expired at {grant.terms.expires_at.isoformat()}"
    return PolicyError(message, next_step="Ask the issuer for a new one.")
