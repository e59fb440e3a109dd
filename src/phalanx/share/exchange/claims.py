"""Claims: signatures that were handed out beside objects, each worth what it verifies to.

Anybody may claim to have signed anything. A claim is kept until its object comes; then those of the
pinned keys are tried. A false one costs a look, and displaces no true one.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, insert, select

from phalanx.errors import VerificationError
from phalanx.share.exchange.tables import SIGNATURES
from phalanx.share.wire import Document, Object, Signature, signatures_of, verify

Pinned = Mapping[str, Mapping[str, Ed25519PublicKey]]
"""Member -> its public keys by their names."""

MOST_CLAIMS = 1_000
"""Signatures of one version that are looked at."""

_SIGNATURE = msgspec.json.Decoder(Signature)


def note_claims(connection: Connection, item: Object) -> None:
    """Keep the signatures that an object carries.

    Parameters:
        connection: To the alliance folder.
        item: A list of signatures, checked.
    """
    for each in signatures_of(item):
        connection.execute(
            insert(SIGNATURES)
            .prefix_with("OR IGNORE")
            .values(
                object_id=each.object_id[:128],
                version=each.object_version[:40],
                raw=msgspec.json.encode(each),
            )
        )


def signature_that_holds(connection: Connection, sent: Document, pinned: Pinned) -> Signature:
    """Return the signature of a version that holds.

    Parameters:
        connection: To the alliance folder.
        sent: The version.
        pinned: Keys that count.

    Raises:
        VerificationError: If none does; with what is wrong with the first one.
    """
    chosen = (
        select(SIGNATURES.c.raw)
        .where(SIGNATURES.c.object_id == sent.id, SIGNATURES.c.version == sent.version)
        .order_by(SIGNATURES.c.number)
        .limit(MOST_CLAIMS)
    )
    wrong: VerificationError | None = None
    for raw in connection.execute(chosen).scalars().all():
        signature = _SIGNATURE.decode(raw)
        try:
            verify(sent.fields, signature, pinned)
        except VerificationError as error:
            wrong = wrong or error
        else:
            return signature
    raise wrong or hostile(sent.id, "not signed")


def hostile(object_id: str, reason: str) -> VerificationError:
    """Return the error that rejects an object by its name."""
    message = f"{object_id[:100]}: {reason}"
    return VerificationError(message, next_step="Nothing of it was used; ask who runs the hub.")
