"""What two members have in common, found out before either discloses anything.

Private set intersection by Diffie-Hellman over ristretto255. The asker learns which of its items
the other one has (`Mode.INTERSECTION`), or only how many (`Mode.CARDINALITY`); the responder
learns nothing but a rough size. Both are taken to follow the protocol and to be curious:

- A party that lies about its set makes the result wrong.
- An asker that hides each item under a key of its own can tell the hits apart where it should only
  count them, by trying every key on every answer. `Mode.CARDINALITY` binds the honest.
- One that asks often learns more. So asking is counted (`Counterparties`).

Members put tokens in, not identifiers: then each guess that somebody slips into a set has been
counted by the key server before.
"""

from __future__ import annotations

from phalanx.share.blinding.psi.asker import Asker, Found, Kept
from phalanx.share.blinding.psi.counterparties import Counterparties, Terms
from phalanx.share.blinding.psi.frames import LARGEST_FRAME_BYTES, LARGEST_SET, Mode
from phalanx.share.blinding.psi.responder import Responder

__all__ = [
    "LARGEST_FRAME_BYTES",
    "LARGEST_SET",
    "Asker",
    "Counterparties",
    "Found",
    "Kept",
    "Mode",
    "Responder",
    "Terms",
]
