"""Whether the records of a package agree with each other, as far as they are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from hashlib import sha256

from phalanx.errors import InputError
from phalanx.govern.packages.records import (
    ApprovalRecord,
    CaseRecord,
    ClaimRecord,
    CustodyRecord,
    ItemRecord,
    PersonRecord,
    Record,
)

_FIRST, _WHOLE = "the first record", "the package"


def refuse_disagreement(records: Sequence[Record], missing: int) -> None:
    """Refuse records that do not agree.

    Parameters:
        records: In the order of the package.
        missing: How many were taken away: what a record names may then be among them.

    Raises:
        InputError: If the first is no case or there is another one, an id stands twice, a claim or
            a custody names what is not there, claims are not as many as the case says, or a chain
            of custody is broken or goes back in time.
    """
    if not records or not isinstance(records[0], CaseRecord):
        raise _wrong(_FIRST, "is not the case")
    if sum(isinstance(each, CaseRecord) for each in records) > 1:
        raise _wrong(_WHOLE, "has two cases")
    for name, times in Counter(each.id for each in records).items():
        if times > 1:
            raise _wrong(name, f"stands there {times} times")
    claims = [each for each in records if isinstance(each, ClaimRecord)]
    case = records[0]
    if not case.claims - missing <= len(claims) <= case.claims:
        raise _wrong(case.id, f"says that there are {case.claims} claims, and {len(claims)} are")
    if not missing:
        _refuse_unknown(records, claims)
    _refuse_broken_chains(records, is_whole=not missing)


def _refuse_unknown(records: Sequence[Record], claims: Sequence[ClaimRecord]) -> None:
    people = {each.id for each in records if isinstance(each, PersonRecord)}
    items = {each.id for each in records if isinstance(each, ItemRecord)}
    for claim in claims:
        if unknown := sorted(set(claim.items) - items):
            raise _wrong(claim.id, f"rests on {unknown[0]}, which is no item")
    _refuse_unknown_approvals(records, {each.id for each in claims}, people)
    for each in records:
        if isinstance(each, ItemRecord) and each.collector not in people:
            raise _wrong(each.id, f"was collected by {each.collector}, who is nobody of the case")
        if isinstance(each, CustodyRecord):
            if each.item not in items:
                raise _wrong(each.id, f"is about {each.item}, which is no item")
            if each.by not in people:
                raise _wrong(each.id, f"was done by {each.by}, who is nobody of the case")


def _refuse_unknown_approvals(
    records: Sequence[Record], claims: AbstractSet[str], people: AbstractSet[str]
) -> None:
    for each in records:
        if isinstance(each, ApprovalRecord):
            if each.claim not in claims:
                raise _wrong(each.id, f"is about {each.claim}, which is no claim")
            if unknown := sorted({each.claimed_by, each.approved_by} - people):
                raise _wrong(each.id, f"is by {unknown[0]}, who is nobody of the case")


def _refuse_broken_chains(records: Sequence[Record], *, is_whole: bool) -> None:
    last: dict[str, CustodyRecord] = {}
    for each in records:
        if not isinstance(each, CustodyRecord):
            continue
        before = last.get(each.item)
        if before is not None and each.at < before.at:
            raise _wrong(each.id, f"is earlier than {before.id}, which stands before it")
        expected = None if before is None else sha256(before.payload()).hexdigest()
        if is_whole and each.previous != expected:
            raise _wrong(each.id, "does not name the record of custody before it")
        last[each.item] = each


def _wrong(name: str, why: str) -> InputError:
    message = f"{name} {why}"
    return InputError(message, next_step="Mend the records of the case.")
