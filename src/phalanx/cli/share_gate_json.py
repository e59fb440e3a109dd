"""What the gate says, as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from phalanx.cli.gate_work import Judged
from phalanx.formats.json import to_text
from phalanx.share.gate import Decision
from phalanx.share.gate.requests import Request
from phalanx.share.wire import Object

DECISIONS_SCHEMA = "phalanx.share.decisions/1"
"""Identifier of what the gate would do with a bundle, with its major version."""

REQUESTS_SCHEMA = "phalanx.share.requests/1"
"""Identifier of a list of requests, with its major version."""


def decisions_json(judged: Sequence[Judged]) -> str:
    """Return what the gate says of each object, in the order of the bundle, and how often what.

    Parameters:
        judged: Objects with decisions.
    """
    counted = Counter(each.decision.action for each in judged)
    return to_text(
        {
            "schema": DECISIONS_SCHEMA,
            "objects": len(judged),
            "by_action": dict(sorted(counted.items())),
            "judged": [said_of(each.item, each.decision, each.request) for each in judged],
        }
    )


def said_of(item: Object, decision: Decision, request: Request | None) -> dict[str, Any]:
    """Return what is said of one object: what becomes of it, by which rules, and who is asked.

    Parameters:
        item: As it was decided on; what is no object has no identifier.
        decision: On it.
        request: Under which it waits for approval, or was rejected.
    """
    return {
        "id": item.get("id"),
        "action": decision.action,
        "rules": [
            {"rule": found.rule_id, "field": found.path, "reason": found.reason}
            for found in decision.findings
        ],
        "request": request and request.number,
    }


def requests_json(found: Sequence[Request]) -> str:
    """Return what waits for approval, or did, without the objects: `phalanx share show` has them.

    Parameters:
        found: Requests.
    """
    return to_text({"schema": REQUESTS_SCHEMA, "requests": [_request(each) for each in found]})


def _request(each: Request) -> dict[str, Any]:
    return {
        "number": each.number,
        "state": each.state,
        "id": each.item.get("id"),
        "object_sha256": each.object_hash,
        "rules": list(each.rules),
        "roles": list(each.roles),
        "missing": list(each.missing),
        "submitter": each.submitter,
        "created_at": each.created_at.isoformat(),
        "valid_until": each.valid_until.isoformat(),
        "approvals": [
            {
                "person": given.person,
                "role": given.role,
                "approved_at": given.approved_at.isoformat(),
                "valid_until": given.valid_until.isoformat(),
            }
            for given in each.approvals
        ],
    }
