"""What two members have in common, found out before either discloses anything.

Private set intersection by Diffie-Hellman over ristretto255. The asker learns which of its items
the other one has (`Mode.INTERSECTION`), or only how many (`Mode.CARDINALITY`); the responder
learns nothing but a rough size. Both are taken to follow the protocol and to be curious: a party
that lies about its set can make the result wrong, and one that asks often learns more, so that
asking is counted (`Counterparties`).

Members put tokens in, not identifiers: then each guess that somebody slips into a set has been
counted by the key server before.
"""

from __future__ import annotations

from phalanx.share.blinding.psi.asker import Asker, Found
from phalanx.share.blinding.psi.counterparties import Counterparties, Terms
from phalanx.share.blinding.psi.frames import LARGEST_FRAME_BYTES, LARGEST_SET, Mode
from phalanx.share.blinding.psi.responder import Responder

__all__ = [
    "LARGEST_FRAME_BYTES",
    "LARGEST_SET",
    "Asker",
    "Counterparties",
    "Found",
    "Mode",
    "Responder",
    "Terms",
]
