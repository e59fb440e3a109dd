"""The ledger: what was done, in an order that nobody can change afterwards.

Its log is public and can only grow; its leaves are salted digests, which say nothing to whom they
are not opened. The events themselves are kept beside it, for its owner alone.
"""

from __future__ import annotations

from phalanx.govern.ledger.ledger import (
    Ledger,
    Recorded,
    begin_ledger,
    open_ledger,
    verify_ledger,
)
from phalanx.govern.ledger.proving import ProvedEvent, parse_proved_event

__all__ = [
    "Ledger",
    "ProvedEvent",
    "Recorded",
    "begin_ledger",
    "open_ledger",
    "parse_proved_event",
    "verify_ledger",
]
