"""Taking an object back: a last version that says so, for every member to acknowledge.

STIX cannot undo a revocation, so none is made by mistake: the version that is revoked has to be
given, and it must be the member's own.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from phalanx.errors import InputError
from phalanx.share.wire.identifiers import Object, timestamp


def revoked(item: Object, now: datetime, member: str) -> Object:
    """Return the version that takes an object back.

    Parameters:
        item: Its newest version.
        now: When it is taken back.
        member: Who does; only the author may.

    Raises:
        InputError: If the object has no versions, is another's, or is revoked already.
    """
    reason = ""
    if "modified" not in item:
        reason = "an observable has no versions"
    elif item.get("created_by_ref") != member:
        reason = "only its author takes an object back"
    elif item.get("revoked"):
        reason = "it was taken back before"
    if reason:
        message = f"{str(item.get('id'))[:100]}: {reason}"
        raise InputError(message, next_step="Name the newest version of an object of yours.")
    # Never older than what it replaces, even where a clock was set back.
    last = datetime.fromisoformat(item["modified"])
    moment = max(now, last + timedelta(milliseconds=1))
    return {**item, "modified": timestamp(moment), "revoked": True}
