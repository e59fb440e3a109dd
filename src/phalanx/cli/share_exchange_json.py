"""What `phalanx share publish` says, as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from phalanx.cli.share_exchange_work import Left
from phalanx.formats.json import to_text
from phalanx.share.exchange.leaving import Judged
from phalanx.share.wire import signatures_of

SCHEMA = "phalanx.share.departure/1"
"""Identifier of the form, with its major version."""


def departure_json(left: Left) -> str:
    """Return what left, what became of it, what waits and what stays.

    Parameters:
        left: What a run came to.
    """
    departure, sent = left.departure, left.sent
    refused = [
        {"id": each.document.id, "reason": each.reason}
        for each in sent.refused
        if not signatures_of(each.document.fields)
    ]
    return to_text(
        {
            "schema": SCHEMA,
            "left": {
                "objects": len(departure.leaving),
                "by_type": dict(sorted(Counter(each.type for each in departure.leaving).items())),
                "padding": departure.padding,
                "from_before": left.from_before,
            },
            "hub": {
                "offered": sent.offered,
                "took": sent.stored,
                "had": sent.there,
                "refused": refused,
                "signatures_refused": len(sent.refused) - len(refused),
            },
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


def _judged(each: Judged) -> dict[str, Any]:
    return {
        "id": each.prepared.item["id"],
        "action": each.decision.action,
        "rules": [
            {"rule": found.rule_id, "field": found.path, "reason": found.reason}
            for found in each.decision.findings
        ],
        "request": each.request and each.request.number,
    }
