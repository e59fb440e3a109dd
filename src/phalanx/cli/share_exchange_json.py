"""What `phalanx share publish`, `opine` and `retract` say, as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from phalanx.cli.share_exchange_work import Left, TookBack
from phalanx.cli.share_gate_json import said_of
from phalanx.formats.json import to_text
from phalanx.share.exchange.leaving import Judged
from phalanx.share.exchange.sending import Sent
from phalanx.share.wire import signatures_of

SCHEMA = "phalanx.share.departure/1"
"""Identifier of what left, with its major version."""

RETRACTION_SCHEMA = "phalanx.share.retraction/1"
"""Identifier of what was taken back, with its major version."""


def departure_json(left: Left) -> str:
    """Return what left, what became of it, what waits and what stays.

    Parameters:
        left: What a run came to.
    """
    departure, sent = left.departure, left.sent
    return to_text(
        {
            "schema": SCHEMA,
            "left": {
                "objects": len(departure.leaving),
                "by_type": dict(sorted(Counter(each.type for each in departure.leaving).items())),
                "padding": departure.padding,
                "from_before": left.from_before,
            },
            "hub": _hub(sent),
            "campaigns": [{"id": each["id"], "name": each["name"]} for each in sent.campaigns],
            "waiting": {"objects": len(departure.later), "until": departure.next_slot.isoformat()},
            "staying": [_judged(each) for each in departure.staying],
        }
    )


def shown_json(judged: Sequence[Judged]) -> str:
    """Return what the gate says of each object, of which none was sent.

    Parameters:
        judged: All objects.
    """
    return to_text({"schema": SCHEMA, "judged": [_judged(each) for each in judged]})


def retraction_json(done: TookBack) -> str:
    """Return what was taken back, and what stays.

    Parameters:
        done: What a retraction came to.
    """
    gone = done.retraction
    leaving = [each for each in gone.objects if each.decision.may_leave]
    return to_text(
        {
            "schema": RETRACTION_SCHEMA,
            "taken_back": [each.item["id"] for each in leaving],
            "deleted": list(gone.erased),
            "never_sent": gone.unsent,
            "hub": _hub(done.sent),
            "staying": [
                said_of(each.item, each.decision, None)
                for each in gone.objects
                if not each.decision.may_leave
            ],
        }
    )


def _hub(sent: Sent) -> dict[str, Any]:
    refused = [
        {"id": each.document.id, "reason": each.reason}
        for each in sent.refused
        if not signatures_of(each.document.fields)
    ]
    return {
        "offered": sent.offered,
        "took": sent.stored,
        "had": sent.there,
        "refused": refused,
        "signatures_refused": len(sent.refused) - len(refused),
    }


def _judged(each: Judged) -> dict[str, Any]:
    return said_of(each.prepared.item, each.decision, each.request)
