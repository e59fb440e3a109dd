"""Looking at the audit log of the gate: who released what, and on which basis it left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from phalanx.govern.controls.catalogue import Control
from phalanx.govern.controls.looking.looked import Looked, some
from phalanx.govern.controls.observed import Observed
from phalanx.share.gate.audit import Entry

_NO_GATE = Looked(None, "No database of a gate was named.")
_PEOPLE = 2
_LEAVES = frozenset({"allow", "bucket", "aggregate", "blind"})
"""Actions of a decision after which an object may leave."""


def two_people_release(_: Control, seen: Observed) -> Looked:
    """Ask of each request that all roles approved whether two people did, and not who asked."""
    if seen.disclosures is None:
        return _NO_GATE
    asked = {each.facts["request"]: each for each in _of(seen.disclosures, "submitted")}
    given: dict[int, dict[str, str]] = {}
    for each in _of(seen.disclosures, "approved"):
        given.setdefault(each.facts["request"], {})[each.actor] = each.facts["role"]
    rejected = {each.facts["request"] for each in _of(seen.disclosures, "rejected")}
    released, wrong = 0, []
    for number, people in given.items():
        request = asked.get(number)
        if request is None:
            wrong.append(f"request {number}")
            continue
        if number in rejected or not set(request.facts["roles"]) <= set(people.values()):
            continue
        released += 1
        if len(people) < _PEOPLE or request.actor in people:
            wrong.append(f"request {number}")
    if not released and not wrong:
        return Looked(None, "No request was released at the gate.")
    said = f"{released:,} requests were released"
    if wrong:
        return Looked(
            is_so=False, said=f"{said}; not by two people besides who asked: {some(wrong)}."
        )
    return Looked(is_so=True, said=f"{said}, each by two people besides who asked.")


def disclosures_have_a_basis(_: Control, seen: Observed) -> Looked:
    """Ask of each object that could leave for its basis and days, policy, hashes and recipients."""
    if seen.disclosures is None:
        return _NO_GATE
    decided = [e for e in _of(seen.disclosures, "decided") if e.facts.get("action") in _LEAVES]
    if not decided:
        return Looked(None, "The gate let nothing leave.")
    wrong = [f"entry {each.number}" for each in decided if not _is_grounded(each)]
    said = f"{len(decided):,} decisions of the gate let an object leave"
    if wrong:
        tail = "without a basis that held that day, a policy, hashes or recipients"
        return Looked(is_so=False, said=f"{said}; {tail}: {some(wrong)}.")
    return Looked(is_so=True, said=f"{said}, each on a basis that held that day.")


def _of(entries: Sequence[Entry], kind: str) -> list[Entry]:
    return [each for each in entries if each.kind == kind]


def _is_grounded(entry: Entry) -> bool:
    facts = entry.facts
    has_all = all(facts.get(name) for name in ("policy", "before", "after", "recipients"))
    bases = facts.get("legal_bases") or []
    return has_all and bool(bases) and all(_holds(each, entry.at.date()) for each in bases)


def _holds(basis: dict[str, Any], on: date) -> bool:
    if not basis.get("from"):
        return False
    until = basis.get("until")
    return date.fromisoformat(basis["from"]) <= on and (
        until is None or on <= date.fromisoformat(until)
    )
