"""Looking at reveals, and at what scans carry on in a store."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, timedelta

from phalanx.errors import PhalanxError
from phalanx.govern.controls.catalogue import Control
from phalanx.govern.controls.looking.looked import Looked
from phalanx.govern.controls.observed import Observed

_CLOCKS = timedelta(hours=1)
"""By how much the clock of another machine may be ahead."""


def reveals_are_recorded(_: Control, seen: Observed) -> Looked:
    """Hold each noted reveal against an event of the ledger with the same counts.

    The two are written one after the other and share no identifier: they are compared as counts.
    """
    if seen.reveals is None:
        return Looked(None, "No scan was named.")
    if seen.ledger is None:
        return Looked(None, "No ledger was named.")
    noted = Counter[tuple[object, object]](
        (each.asked, each.resolved) for each in seen.reveals.noted
    )
    try:
        events = [each.event for each in seen.ledger.events()]
    except PhalanxError as error:
        return Looked(is_so=False, said=f"The ledger does not verify: {error}.")
    recorded = Counter[tuple[object, object]](
        (each.facts.get("asked"), each.facts.get("resolved"))
        for each in events
        if each.kind == "reveal" and each.subject == seen.reveals.subject
    )
    total = noted.total()
    if not total:
        if recorded:
            said = f"{recorded.total():,} reveals of the scan are in the ledger and none beside it."
            return Looked(is_so=False, said=said)
        return Looked(None, "No pseudonym of the newest scan was resolved.")
    missing = (noted - recorded).total()
    said = f"{total - missing:,} of {total:,} reveals of the newest scan are in the ledger."
    return Looked(not missing, said)


def evidence_is_carried(control: Control, seen: Observed) -> Looked:
    """Ask a store whether scans went on with it, and when last."""
    if seen.store is None:
        return Looked(None, "No store was named.")
    if not seen.store:
        return Looked(is_so=False, said="The store holds no scan.")
    last = max(seen.store, key=lambda each: each.number)
    age, days = seen.at - last.started_at, control.days or 1
    when = last.started_at.astimezone(UTC).isoformat(timespec="minutes")
    said = f"The store holds {len(seen.store):,} scans, the last of {when}"
    if len(seen.store) == 1:
        return Looked(is_so=False, said=f"{said}: nothing was carried from one to the next yet.")
    return Looked(-_CLOCKS <= age <= timedelta(days=days), f"{said}; it may be {days} days old.")
