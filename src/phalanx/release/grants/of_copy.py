"""What a recipient signs about one copy: which it is, and that nothing else is taken for it."""

from __future__ import annotations

from typing import TypeVar

from phalanx.errors import VerificationError
from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.envelopes.statement import Digest, Predicate, parse_payload
from phalanx.release.grants.request import Named, named
from phalanx.release.parties.identity import Identity


class OfCopy(Predicate):
    """Says of which copy a statement is."""

    recipient: Named
    grant: Digest
    """SHA-256 of the grant's payload."""

    record: Digest
    """SHA-256 of the payload of the record of the release."""


Said = TypeVar("Said", bound=OfCopy)


def verify_of_copy(  # noqa: PLR0913 - what says which copy it is
    envelope: Envelope,
    kind: type[Said],
    what: str,
    recipient: Identity,
    *,
    grant: str,
    record: str,
    root: str,
) -> Said:
    """Return what a statement says, if this recipient signed it about this copy.

    Parameters:
        envelope: That holds it.
        kind: Of statement.
        what: Messages call it, such as `receipt`.
        recipient: As he was pinned.
        grant: Digest of the grant.
        record: Digest of the record.
        root: Of the manifest, in hexadecimal.

    Raises:
        VerificationError: If it is of another recipient, grant or copy.
    """
    envelope.refuse_unsigned(recipient, f"the {what}")
    said, _, about = parse_payload(envelope.payload, kind, f"the {what}")
    expected = (named(recipient), grant, record, root)
    if (said.recipient, said.grant, said.record, about) != expected:
        message = f"the {what} is of another copy"
        raise VerificationError(message, next_step=f"Name the {what} of this release.")
    return said
