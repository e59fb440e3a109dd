"""What the gate says, as text for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from phalanx.cli.gate_work import Judged
from phalanx.formats.notation import plural
from phalanx.printable import printable
from phalanx.share.gate import Decision
from phalanx.share.gate.audit import Entry
from phalanx.share.gate.audit_export import as_lines, as_table, by_quarter
from phalanx.share.gate.requests import Request
from phalanx.share.wire import Object


def decisions_text(judged: Sequence[Judged]) -> Iterator[str]:
    """Yield a line for each object and for each rule that fired, then a line that counts.

    Parameters:
        judged: Objects with decisions.
    """
    for each in judged:
        yield from decision_lines(each.item, each.decision, each.request)
    counted = Counter(each.decision.action for each in judged)
    told = ", ".join(f"{action} {number}" for action, number in counted.items())
    yield f"{plural(len(judged), 'object')}: {told or 'nothing to decide'}"


def decision_lines(
    item: Object, decision: Decision, request: Request | None = None
) -> Iterator[str]:
    """Yield a line for an object, and one for each rule that fired with one for its source.

    Parameters:
        item: The object as it was decided on.
        decision: On it.
        request: Under which it waits for approval, or waited.
    """
    name = printable(str(item.get("id", "no identifier")))[:100]
    waits = f", request {request.number}" if request else ""
    # The queue hands back what was rejected before: who was told no does not ask again.
    said = f" was {request.state}" if request and request.state == "rejected" else ""
    yield f"{decision.action:<9} {name}{waits}{said}"
    for finding in decision.findings:
        place = f" at {printable(finding.path)[:60]}" if finding.path else ""
        yield f"          {finding.rule_id} {finding.title}{place}: {finding.reason}"
        yield f"             ({finding.source})"


def requests_text(found: Sequence[Request]) -> str:
    """Return a line for each request.

    Parameters:
        found: Requests.
    """
    lines = [
        f"{each.number:>5}  {each.state:<9} {printable(str(each.item.get('id', '')))[:70]}  "
        f"rules {','.join(each.rules)}; needs {', '.join(each.roles)}; "
        f"until {each.valid_until:%Y-%m-%d}; by {printable(each.submitter)[:40]}"
        + "".join(
            f"; {each.role} {printable(each.person)[:40]} approved" for each in each.approvals
        )
        for each in found
    ]
    return "".join(f"{line}\n" for line in lines) or "no requests\n"


def answered_text(request: Request) -> str:
    """Return how a request stands after an answer, and for whom it waits.

    Parameters:
        request: After the answer.
    """
    said = f"request {request.number}: {request.state}"
    if request.state == "pending":
        waits = f"it waits for {' and '.join(request.missing)}"
        said += f"; approved by {printable(request.approved_by)}, {waits}"
        said += f" until {request.valid_until:%Y-%m-%d}"
    if request.state == "approved":
        said += f" by {printable(request.approved_by)}; it leaves when what submitted it runs again"
    return said


def audit_text(entries: tuple[Entry, ...], output_format: str) -> str:
    """Return the audit log in one of its forms.

    Parameters:
        entries: Verified.
        output_format: `table`, `jsonl` or `quarters`.
    """
    if output_format == "jsonl":
        return "".join(as_lines(entries))
    if output_format == "quarters":
        return json.dumps(by_quarter(entries), indent=2, sort_keys=True) + "\n"
    return as_table(entries)
