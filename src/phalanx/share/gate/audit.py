"""The audit log: what counsel needs to show how each share was decided.

Every entry holds the hash of the one before it, over its canonical form, and the database refuses
to change or remove one. Who removes entries from the end is found out by the last hash, which is
to be kept elsewhere. Objects and texts are not in it, only their hashes: the log itself must
hold nothing that may not leave.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import rfc8785
from sqlalchemy import Connection, func, select

from phalanx.errors import VerificationError
from phalanx.share.gate.agreement import same_person
from phalanx.share.gate.decide import Decision
from phalanx.share.gate.findings import Context
from phalanx.share.gate.policy import Policy
from phalanx.share.gate.tables import AUDIT, GateDatabase
from phalanx.share.wire.vocabulary import REQUIRED

Kind = Literal[
    "decided", "submitted", "approved", "rejected", "expired", "retracted", "received", "appeal",
    "policy-changed",
    "pooled", "compared",
]  # fmt: skip
"""What happened. `pooled` is evidence for the pool, blinded and filled up, in two entries: that it
goes out, and what became of it (taken, refused by the pool, or not known); `compared` is a question
to another member, an answer to one, or the count that came of it, in steps; `received` is what a
receiver did with an object, and why it decided so alone."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PROGRAM = "phalanx share"
"""Actor of what a command did, whichever it was and whoever called it."""

BEGINNING = "0" * 64
"""Stands where the first entry names the one before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log."""

    number: int
    """From 1, without gaps."""

    at: datetime
    kind: Kind
    actor: str
    """Who did it: `PROGRAM`, or a person as `person_named` writes it."""

    facts: dict[str, Any]
    previous: str
    """Hash of the entry before."""

    entry_hash: str


class AuditLog:
    """The log in the file of a gate.

    Parameters:
        database: Where it is kept.
    """

    def __init__(self, database: GateDatabase) -> None:
        """Keep the database."""
        self._database = database

    def decided(
        self, decision: Decision, context: Context, policy: Policy, actor: str, object_id: str
    ) -> Entry:
        """Note a decision: object before and after, rules, policy, bases, recipients.

        Parameters:
            decision: What was decided.
            context: In which circumstances.
            policy: By which policy.
            actor: Who asked.
            object_id: Identifier of the object.
        """
        facts = decision_facts(decision, context, policy, object_id)
        return self.append(context.now, "decided", actor, facts)

    def append_all(
        self, at: datetime, kind: Kind, actor: str, all_facts: Iterable[dict[str, Any]]
    ) -> None:
        """Add entries as one: all of them or none.

        Parameters:
            at: When it happened.
            kind: What happened.
            actor: Who did it.
            all_facts: Of each entry; plain JSON.
        """
        with self._database.writing() as connection:
            for facts in all_facts:
                record(connection, at, kind, actor, facts)

    def append(self, at: datetime, kind: Kind, actor: str, facts: dict[str, Any]) -> Entry:
        """Add an entry.

        Parameters:
            at: When it happened.
            kind: What happened.
            actor: Who did it.
            facts: Plain JSON; hashes and identifiers, no contents.
        """
        with self._database.writing() as connection:
            return record(connection, at, kind, actor, facts)

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries after verifying them.

        Raises:
            VerificationError: If one is not as it was written, or is missing.
        """
        with self._database.writing() as connection:
            rows = connection.execute(select(AUDIT).order_by(AUDIT.c.number)).all()
        return _chained([_verified(row.number, row.entry, row.entry_hash) for row in rows])

    def verify(self, *, last_hash: str | None = None) -> int:
        """Verify the whole log, and return how many entries it has.

        Parameters:
            last_hash: Hash of an entry that was kept elsewhere and must still be in it.

        Raises:
            VerificationError: If an entry was changed or removed.
        """
        entries = self.entries()
        if last_hash is not None and last_hash not in {each.entry_hash for each in entries}:
            message = f"{self._database.path}: entries were removed from the end of the audit log"
            raise VerificationError(message, next_step="Restore the log from a backup.")
        return len(entries)


def person_named(name: str) -> str:
    """Return a person as actor: told from a program, and one actor however the name is written.

    Examples:
        >>> person_named(" Ada ")
        'person ada'
    """
    return f"person {same_person(name)}"


def record(
    connection: Connection, at: datetime, kind: Kind, actor: str, facts: dict[str, Any]
) -> Entry:
    """Add an entry within a transaction that alone writes.

    Parameters:
        connection: From `GateDatabase.writing`.
        at: When it happened.
        kind: What happened.
        actor: Who did it.
        facts: Plain JSON.
    """
    last = connection.execute(select(func.max(AUDIT.c.number))).scalar()
    previous = BEGINNING
    if last is not None:
        chosen = select(AUDIT.c.entry_hash).where(AUDIT.c.number == last)
        previous = connection.execute(chosen).scalar_one()
    number = (last or 0) + 1
    said = {
        "number": number,
        "at": at.isoformat(),
        "kind": kind,
        "actor": actor[:200],
        "facts": facts,
        "previous": previous,
    }
    text = rfc8785.dumps(said).decode()
    hashed = hashlib.sha256(text.encode()).hexdigest()
    connection.execute(AUDIT.insert().values(number=number, entry=text, entry_hash=hashed))
    return _verified(number, text, hashed)


def decision_facts(
    decision: Decision, context: Context, policy: Policy, object_id: str
) -> dict[str, Any]:
    """Return what the log says of a decision: object before and after, rules, bases, recipients.

    Parameters:
        decision: What was decided.
        context: In which circumstances.
        policy: By which policy.
        object_id: Identifier of the object.
    """
    return {
        **circumstance_facts(context, policy),
        "object": _named(object_id),
        "action": decision.action,
        "before": decision.before,
        "after": decision.after,
        "difference": decision.difference,
        "rules": [
            {
                "rule": each.rule_id,
                "action": each.action,
                "source": each.source,
                # The name of a field may itself say what must not leave.
                "field": hashlib.sha256(each.path.encode()).hexdigest()[:16]
                if each.action == "refuse"
                else each.path,
                "reason": each.reason,
            }
            for each in decision.findings
        ],
        "approved_by": sorted({each.person for each in context.approvals}),
        "release_at": decision.release_at and decision.release_at.isoformat(),
    }


def circumstance_facts(context: Context, policy: Policy) -> dict[str, Any]:
    """Return what the log says of who shares with whom: policy, agreement, purpose, legal bases.

    Parameters:
        context: Of the share.
        policy: That was in force.
    """
    bases = {basis.id: basis for basis in policy.bases}
    return {
        "policy": policy.version,
        "policy_sha256": policy.sha256,
        "agreement": context.agreement.version,
        "member": context.member,
        "recipients": sorted(context.recipients),
        "purpose": context.purpose[:100],
        "legal_bases": [_basis_facts(name, bases) for name in context.legal_bases],
    }


def _named(object_id: str) -> str:
    """Return an identifier, or the hash of what is none and may say anything."""
    kind, _, rest = object_id.partition("--")
    if kind in REQUIRED and _UUID.fullmatch(rest):
        return object_id
    return f"sha256:{hashlib.sha256(object_id.encode('utf-8', 'replace')).hexdigest()}"


def _basis_facts(name: str, bases: dict[str, Any]) -> dict[str, Any]:
    basis = bases.get(name)
    if basis is None:
        return {"id": name[:100], "known": False}
    return {
        "id": name,
        "from": basis.valid_from.date().isoformat(),
        "until": basis.valid_until and basis.valid_until.date().isoformat(),
        "source": basis.source,
    }


def _verified(number: int, text: str, hashed: str) -> Entry:
    try:
        said = json.loads(text)
        entry = Entry(
            number=said["number"],
            at=datetime.fromisoformat(said["at"]),
            kind=said["kind"],
            actor=said["actor"],
            facts=said["facts"],
            previous=said["previous"],
            entry_hash=hashed,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _tampered(number) from error
    if entry.number != number or hashlib.sha256(text.encode()).hexdigest() != hashed:
        raise _tampered(number)
    return entry


def _chained(entries: list[Entry]) -> tuple[Entry, ...]:
    previous = BEGINNING
    for place, each in enumerate(entries, start=1):
        if each.number != place or each.previous != previous:
            raise _tampered(place)
        previous = each.entry_hash
    return tuple(entries)


def _tampered(number: int) -> VerificationError:
    message = f"entry {number} of the audit log was changed or removed"
    return VerificationError(message, next_step="Restore the log from a backup.")
