"""What an assessment may look at: whatever of it is missing was not looked at, and is told so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.x509 import Certificate

from phalanx.detect.result import ScanResult
from phalanx.govern.controls.seen import MarkAudits, Reveals, SealedCopy
from phalanx.govern.duties.duty import Duties
from phalanx.govern.ledger import Ledger
from phalanx.prevent.policy.document import PolicyDocument
from phalanx.share.gate.audit import Entry
from phalanx.share.gate.policy import Policy
from phalanx.store.rows import ScanRow
from phalanx.transparency.note_keys import NoteKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The running system, as far as somebody showed it."""

    at: datetime
    """With a time zone."""

    scan: ScanResult | None = None
    """The newest scan."""

    ledger: Ledger | None = None
    witnesses: Sequence[NoteKey] = ()
    """Keys of witnesses that the provider does not run."""

    stamp_roots: Sequence[Certificate] = ()
    """Certificates of authorities of time."""

    policy: Policy | None = None
    """Of disclosure."""

    duties: Duties | None = None

    reveals: Reveals | None = None
    """Of the newest scan."""

    store: Sequence[ScanRow] | None = None
    """Scans that the store keeps."""

    disclosures: Sequence[Entry] | None = None
    """Entries of the audit log of the gate, verified."""

    gateway_policy: PolicyDocument | None = None
    releases: Sequence[SealedCopy] | None = None
    audits: MarkAudits | None = None
