"""Claims: signatures that were handed out beside objects, each worth what it verifies to.

Anybody may claim to have signed anything. A claim is kept until its object comes; then those of the
pinned keys are tried. A false one costs a look, and alone displaces no true one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

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

_AT_ONCE = 500
_SIGNATURE = msgspec.json.Decoder(Signature)


class Claims:
    """Signatures of the objects of one part.

    Parameters:
        connection: To the alliance folder.
    """

    def __init__(self, connection: Connection) -> None:
        """Begin with none."""
        self._connection = connection
        self._of: dict[tuple[str, str], list[bytes]] = {}

    def note(self, item: Object) -> None:
        """Keep the signatures that an object carries.

        Parameters:
            item: A list of signatures, checked.
        """
        rows = [
            {
                "object_id": each.object_id[:128],
                "version": each.object_version[:40],
                "raw": msgspec.json.encode(each),
            }
            for each in signatures_of(item)
        ]
        self._connection.execute(insert(SIGNATURES).prefix_with("OR IGNORE"), rows)

    def look_up(self, identifiers: Iterable[str]) -> None:
        """Look up the signatures of objects in bounded number: the oldest, then the newest.

        Half of each, so that a flood displaces a true one neither by being first nor by being last.
        """
        half = MOST_CLAIMS // 2
        newest: dict[tuple[str, str], deque[bytes]] = {}
        names, c = sorted(set(identifiers)), SIGNATURES.c
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            chosen = select(c.object_id, c.version, c.raw).where(c.object_id.in_(some))
            for name, version, raw in self._connection.execute(chosen.order_by(c.number)):
                found = self._of.setdefault((name, version), [])
                if len(found) < half:
                    found.append(raw)
                else:
                    newest.setdefault((name, version), deque(maxlen=half)).append(raw)
        for key, last in newest.items():
            self._of[key] += last

    def that_holds(self, sent: Document, pinned: Pinned) -> Signature:
        """Return the signature of a version that holds.

        Parameters:
            sent: The version, whose signatures were looked up.
            pinned: Keys that count.

        Raises:
            VerificationError: If none does; with what is wrong with the first one.
        """
        wrong: VerificationError | None = None
        for raw in self._of.get((sent.id, sent.version), ()):
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
