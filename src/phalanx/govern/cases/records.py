"""A case as records of a package."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from phalanx.govern.cases.case import Case, RequestState
from phalanx.govern.packages.records import (
    ApprovalRecord,
    CaseRecord,
    CustodyRecord,
    EventRecord,
    Record,
)


def records_of(case: Case, proved: Sequence[str] = ()) -> tuple[Record, ...]:
    """Return the records of a case: what two people agreed to, and how much more there was.

    Notes stay in the house. A claim that nobody agreed to is not among them; it is counted, and
    so corrects those that are.

    Parameters:
        case: As it is.
        proved: Events of the ledger with their proofs, as files hold them.
    """
    claims = case.approved_claims
    left = len(case.claims) - len(claims)
    head = CaseRecord(
        id=case.id,
        title=case.title,
        provider=case.provider,
        opened_at=case.opened_at,
        summary=case.summary,
        claims=len(claims),
        claims_not_upheld=left or None,
        level=case.level,
    )
    return (
        head,
        *(each.record for each in case.people.values()),
        *(each.record for each in case.items.values()),
        *_custody(case),
        *claims,
        *_approvals(case),
        *(EventRecord(id=f"event-{n}", proved=text) for n, text in enumerate(proved, 1)),
    )


def _approvals(case: Case) -> list[ApprovalRecord]:
    return [
        ApprovalRecord(
            id=f"approval-{each.number}",
            claim=each.about,
            claimed_by=each.by,
            approved_by=each.answered_by,
            at=each.answered_at,
        )
        for each in case.requests.values()
        if each.wish == "claim"
        and each.state is RequestState.APPROVED
        and each.about is not None
        and each.answered_by is not None
        and each.answered_at is not None
    ]


def _custody(case: Case) -> list[CustodyRecord]:
    done = sorted(
        ((each.number, item.record.id, each) for item in case.items.values()
         for each in item.custody),
        key=lambda found: found[0],
    )  # fmt: skip
    last: dict[str, str] = {}
    found = []
    for number, item, each in done:
        record = CustodyRecord(
            id=f"custody-{number}",
            item=item,
            action=each.action,
            by=each.by,
            at=each.at,
            note=each.note,
            previous=last.get(item),
            salt=None if each.salt is None else _salt_of_custody(each.salt),
        )
        last[item] = sha256(record.payload()).hexdigest()
        found.append(record)
    return found


def _salt_of_custody(salt: str) -> str:
    """Return a salt that says nothing of that of the act, which keeps more than the record says."""
    return sha256(b"phalanx.custody\n" + bytes.fromhex(salt)).hexdigest()[:32]
