"""A request: a recipient says who he is, and what he wants a model for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from phalanx.errors import VerificationError
from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.envelopes.statement import (
    Digest,
    Moment,
    Part,
    Predicate,
    Text,
    parse_payload,
    payload_of,
)
from phalanx.release.grants.terms import Asked
from phalanx.release.parties.identity import Identity
from phalanx.release.parties.party_keys import PartyKeys


class Named(Part):
    """A party in a statement."""

    name: Text
    fingerprint: Digest


class Request(Predicate):
    """What is asked for, and by whom."""

    type_uri: ClassVar[str] = "urn:phalanx:release:request:1"

    recipient: Named
    asked: Asked
    asked_at: Moment
    nonce: Digest
    """32 random bytes: two requests are never the same."""


def named(identity: Identity) -> Named:
    """Return how statements name a party."""
    return Named(name=identity.name, fingerprint=identity.fingerprint)


def make_request(
    keys: PartyKeys, asked: Asked, now: datetime, random: Callable[[int], bytes]
) -> Envelope:
    """Return a signed request.

    Parameters:
        keys: Of the recipient.
        asked: What he asks for.
        now: In UTC, in whole seconds.
        random: Gives so many random bytes, such as `secrets.token_bytes`.
    """
    identity = keys.identity
    said = Request(recipient=named(identity), asked=asked, asked_at=now, nonce=random(32).hex())
    payload = payload_of(said, identity.name, identity.fingerprint)
    return Envelope(payload=payload).signed(keys.signing)


def verify_request(envelope: Envelope, recipient: Identity) -> Request:
    """Return what a request says, if this recipient made it.

    Parameters:
        envelope: As it was received.
        recipient: As he was pinned.

    Raises:
        VerificationError: If he did not sign it, or it is of somebody else.
    """
    envelope.refuse_unsigned(recipient, "the request")
    said, _, about = parse_payload(envelope.payload, Request, "the request")
    if said.recipient != named(recipient) or about != recipient.fingerprint:
        message = f"the request is not of {recipient.name} with this fingerprint"
        raise VerificationError(message, next_step="Name the identity of who asks.")
    return said
