"""The approval queue and the audit log, on a real database."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import rfc8785
from sqlalchemy import text

from phalanx.errors import InputError, PhalanxError, PolicyError, VerificationError
from phalanx.share.gate import Batch, Context, Policy, decide
from phalanx.share.gate.audit import AuditLog
from phalanx.share.gate.audit_export import as_lines, as_table, by_quarter
from phalanx.share.gate.queue import HOLDS, WAITS, ApprovalQueue
from phalanx.share.gate.tables import GateDatabase
from phalanx.share.wire import Authorship, Object, relationship


@pytest.fixture
def database(tmp_path: Path) -> GateDatabase:
    """Return a new database of a gate."""
    return GateDatabase(tmp_path / "gate.db")


@pytest.fixture
def queue(database: GateDatabase, context: Context) -> ApprovalQueue:
    """Return its queue."""
    return ApprovalQueue(database, context.agreement)


@pytest.fixture
def attributed(corpus: ModuleType, by: Authorship) -> Object:
    """Return an object that an analyst and counsel have to approve."""
    actor = "intrusion-set--7d0c9d3c-2f34-4b6e-9d57-2b8b39b1a001"
    return relationship(corpus.campaign_of(by)["id"], "attributed-to", actor, by)


def test_two_persons_let_an_object_pass(
    queue: ApprovalQueue, attributed: Object, context: Context, policy: Policy
) -> None:
    """It is held, approved by two, and then allowed, until the approvals end."""
    held = decide(attributed, context, policy)
    request = queue.submit(attributed, held, "dee", context.now)
    assert request.state == "pending"
    assert queue.approve(request.number, " Ada", "analyst", context.now).state == "pending"
    assert queue.approvals_of(attributed, context.now) == ()
    assert queue.approve(request.number, "bo", "counsel", context.now).state == "approved"
    approvals = queue.approvals_of(attributed, context.now)
    assert decide(attributed, replace(context, approvals=approvals), policy).action == "allow"
    later = context.now + HOLDS
    assert queue.approvals_of(attributed, later) == ()
    late = replace(context, approvals=approvals, now=later, batch=Batch(objects=64, slot=later))
    assert decide(attributed, late, policy).action == "hold"


@pytest.mark.parametrize(
    ("person", "role"),
    [
        ("ada", "analyst"),
        ("cy", "analyst"),
        ("dee", "counsel"),
        ("mallory", "counsel"),
        ("bo", "analyst"),
    ],
)
def test_who_may_not_approve(
    queue: ApprovalQueue,
    attributed: Object,
    context: Context,
    policy: Policy,
    person: str,
    role: str,
) -> None:
    """Nobody twice, no role twice, not the submitter, nobody without the role."""
    held = decide(attributed, context, policy)
    request = queue.submit(attributed, held, "dee", context.now)
    queue.approve(request.number, "ada", "analyst", context.now)
    with pytest.raises(PolicyError):
        queue.approve(request.number, person, role, context.now)  # type: ignore[arg-type] # a role
    assert queue.requests(context.now)[0].state == "pending"


@pytest.mark.parametrize(
    ("person", "role", "said", "ask"),
    [
        ("Ada", "analyst", "Ada has approved it as analyst: counsel is to be another", "counsel"),
        ("cy", "analyst", "ada has approved it as analyst: it waits for counsel now", "counsel"),
        ("bo", "analyst", "bo does not hold the role analyst", "whom the agreement names"),
    ],
)
def test_a_second_approval_is_told_what_is_missing(
    queue: ApprovalQueue,
    attributed: Object,
    context: Context,
    policy: Policy,
    person: str,
    role: str,
    said: str,
    ask: str,
) -> None:
    """Whoever comes after the first approval reads who gave it, and who is to be asked."""
    request = queue.submit(attributed, decide(attributed, context, policy), "dee", context.now)
    queue.approve(request.number, "ada", "analyst", context.now)
    with pytest.raises(PolicyError, match=said) as caught:
        queue.approve(request.number, person, role, context.now)  # type: ignore[arg-type] # a role
    assert ask in caught.value.next_step
    queue.approve(request.number, "bo", "counsel", context.now)
    with pytest.raises(PolicyError, match="approved already, by ada as analyst and bo as counsel"):
        queue.approve(request.number, "ada", "analyst", context.now)


@pytest.mark.parametrize("person", ["ada", "cy"])
def test_one_voice_rejects_after_its_role_approved(
    queue: ApprovalQueue, attributed: Object, context: Context, policy: Policy, person: str
) -> None:
    """Who approved thinks again, or another analyst sees more: the object stays in the house."""
    request = queue.submit(attributed, decide(attributed, context, policy), "dee", context.now)
    queue.approve(request.number, "ada", "analyst", context.now)
    assert queue.reject(request.number, person, "analyst", context.now).state == "rejected"
    with pytest.raises(PolicyError, match="rejected already"):
        queue.approve(request.number, "bo", "counsel", context.now)
    assert queue.approvals_of(attributed, context.now) == ()


def test_actors_are_named_one_way(
    database: GateDatabase,
    queue: ApprovalQueue,
    attributed: Object,
    context: Context,
    policy: Policy,
) -> None:
    """Persons stand as persons, however their names are written; the rest is the program."""
    request = queue.submit(attributed, decide(attributed, context, policy), " Dee", context.now)
    queue.approve(request.number, "ADA ", "analyst", context.now)
    queue.requests(context.now + WAITS)
    said = [(each.kind, each.actor) for each in AuditLog(database).entries()]
    assert said == [
        ("submitted", "person dee"),
        ("approved", "person ada"),
        ("expired", "phalanx share"),
    ]


def test_one_person_in_two_roles_counts_once(
    queue: ApprovalQueue, attributed: Object, context: Context, policy: Policy
) -> None:
    """Who approved as an analyst cannot be counsel for the same object."""
    request = queue.submit(attributed, decide(attributed, context, policy), "dee", context.now)
    queue.approve(request.number, "cy", "analyst", context.now)
    with pytest.raises(PolicyError, match="another person"):
        queue.approve(request.number, "cy", "counsel", context.now)


def test_the_submitter_does_not_approve(
    queue: ApprovalQueue, attributed: Object, context: Context, policy: Policy
) -> None:
    """Not even with the role, and however the name is written."""
    request = queue.submit(attributed, decide(attributed, context, policy), " ADA ", context.now)
    with pytest.raises(PolicyError, match="submitted"):
        queue.approve(request.number, "ada", "analyst", context.now)


def test_one_voice_rejects_and_time_ends(
    queue: ApprovalQueue, attributed: Object, context: Context, policy: Policy
) -> None:
    """A rejected or late request cannot be approved any more."""
    held = decide(attributed, context, policy)
    first = queue.submit(attributed, held, "dee", context.now)
    assert queue.reject(first.number, "bo", "counsel", context.now).state == "rejected"
    again = queue.submit(attributed, held, "eve", context.now)
    assert (again.number, again.state) == (first.number, "rejected")
    other = {**attributed, "confidence": 70}
    second = queue.submit(other, decide(other, context, policy), "dee", context.now)
    assert queue.submit(other, decide(other, context, policy), "eve", context.now) == second
    late = context.now + WAITS
    for number in (first.number, second.number):
        with pytest.raises(PolicyError):
            queue.approve(number, "ada", "analyst", late)
    assert [each.state for each in queue.requests(late)] == ["rejected", "expired"]
    with pytest.raises(InputError):
        queue.approve(99, "ada", "analyst", late)


def test_what_is_refused_is_not_submitted(
    queue: ApprovalQueue, corpus: ModuleType, by: Authorship, context: Context, policy: Policy
) -> None:
    """No approval helps a price, and no decision serves for another object."""
    priced = corpus.campaign_of(by, description="sold at 20 USD")
    odd = corpus.campaign_of(by, description="ask Dana")
    for item, decided in (
        (priced, priced),
        (corpus.rule_of(by), corpus.rule_of(by)),
        (priced, odd),
    ):
        with pytest.raises(PolicyError):
            queue.submit(item, decide(decided, context, policy), "dee", context.now)


def _filled(
    database: GateDatabase, corpus: ModuleType, by: Authorship, context: Context, policy: Policy
) -> AuditLog:
    log = AuditLog(database)
    for item in (corpus.rule_of(by), corpus.campaign_of(by, description="sold at 20 USD"),
                 corpus.rule_of(by, id="at 4711", x_price_4711=1)):  # fmt: skip
        log.decided(decide(item, context, policy), context, policy, "dee", item["id"])
    facts = {"object": corpus.rule_of(by)["id"], "did": "watched", "reason": "own evidence"}
    log.append(context.now, "received", "member-quiet-river", facts)
    return log


def test_the_log_says_what_counsel_needs(
    database: GateDatabase, corpus: ModuleType, by: Authorship, context: Context, policy: Policy
) -> None:
    """Who, before and after, rules, policy, bases with dates, recipients; and no content."""
    log = _filled(database, corpus, by, context, policy)
    entries = log.entries()
    first, second = entries[0].facts, entries[1].facts
    assert first["action"] == "allow"
    assert first["before"] == first["after"]
    assert second["action"] == "refuse"
    assert second["after"] == ""
    assert {"A1"} == {rule["rule"] for rule in second["rules"]} - {"A15"}
    assert all(rule["source"] for rule in second["rules"])
    assert first["legal_bases"][1]["from"] == "2023-07-21"
    assert len(first["recipients"]) == 5
    exported = "".join(as_lines(entries)) + as_table(entries)
    assert "4711" not in exported
    assert "20 USD" not in exported
    assert "decided: refuse" in exported
    assert by_quarter(entries)["2026 Q4"]["A1"] == 2


def test_the_export_verifies_without_us(
    database: GateDatabase, corpus: ModuleType, by: Authorship, context: Context, policy: Policy
) -> None:
    """Each line hashes to its hash, and names that of the line before."""
    previous = "0" * 64
    for line in as_lines(_filled(database, corpus, by, context, policy).entries()):
        entry = json.loads(line)
        hashed = entry.pop("entry_hash")
        assert entry["previous"] == previous
        assert hashlib.sha256(rfc8785.dumps(entry)).hexdigest() == hashed
        previous = hashed


def test_the_database_refuses_to_change_entries(
    database: GateDatabase, corpus: ModuleType, by: Authorship, context: Context, policy: Policy
) -> None:
    """An entry can neither be updated nor deleted."""
    log = _filled(database, corpus, by, context, policy)
    for statement in (
        "UPDATE phalanx_gate_audit SET entry = '{}' WHERE number = 2",
        "DELETE FROM phalanx_gate_audit WHERE number = 4",
    ):
        with pytest.raises(PhalanxError, match="append-only"), database.writing() as connection:
            connection.execute(text(statement))
    assert log.verify() == 4


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE phalanx_gate_audit SET entry = replace(entry, 'refuse', 'allow') WHERE number = 2",
        "UPDATE phalanx_gate_audit SET entry = 'x', entry_hash = 'y' WHERE number = 3",
        "DELETE FROM phalanx_gate_audit WHERE number = 1",
        "DELETE FROM phalanx_gate_audit WHERE number = 2",
        "DELETE FROM phalanx_gate_audit WHERE number = 4",
    ],
)
def test_tampering_is_found(
    database: GateDatabase,
    corpus: ModuleType,
    by: Authorship,
    context: Context,
    policy: Policy,
    statement: str,
) -> None:
    """Whoever takes the triggers away and changes or removes an entry is found out."""
    log = _filled(database, corpus, by, context, policy)
    last = log.entries()[-1].entry_hash
    assert log.verify(last_hash=last) == 4
    with sqlite3.connect(database.path) as connection:
        for verb in ("UPDATE", "DELETE"):
            connection.execute(f"DROP TRIGGER phalanx_gate_audit_no_{verb}")
        connection.execute(statement)
    connection.close()
    with pytest.raises(VerificationError):
        log.verify(last_hash=last)


def test_entries_written_at_once_form_one_chain(database: GateDatabase, context: Context) -> None:
    """Several writers lose no entry and make no fork."""

    def write(name: str) -> None:
        for _ in range(10):
            AuditLog(database).append(context.now, "appeal", name, {})

    writers = [threading.Thread(target=write, args=(f"w{place}",)) for place in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert AuditLog(database).verify() == 40


def test_another_file_is_refused(tmp_path: Path) -> None:
    """What is no database is not written into."""
    path = tmp_path / "notes.txt"
    path.touch(0o600)
    path.write_bytes(b"not a database, but long enough to look like one" * 30)
    with pytest.raises(InputError):
        GateDatabase(path)
    assert path.read_bytes().startswith(b"not a database")


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    """It gets no tables of the gate; an empty file does."""
    path = tmp_path / "other.db"
    path.touch(0o600)
    GateDatabase(path)
    GateDatabase(path)
    path.unlink()
    path.touch(0o600)
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE t (x)")
    with pytest.raises(InputError, match="something else"):
        GateDatabase(path)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_schema").fetchall() == [("t",)]


def test_the_file_is_its_owners_alone_from_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the umask; what others may read, or a link to elsewhere, is not taken."""
    path = tmp_path / "own.db"
    previous = os.umask(0)
    try:
        monkeypatch.setattr(Path, "chmod", lambda *_: pytest.fail("made first, closed after"))
        GateDatabase(path)
    finally:
        os.umask(previous)
    monkeypatch.undo()
    assert path.stat().st_mode & 0o777 == 0o600
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with pytest.raises(InputError):
        GateDatabase(link)
    path.chmod(0o640)
    with pytest.raises(InputError, match="by others") as caught:
        GateDatabase(path)
    assert caught.value.next_step.startswith("Run: chmod 600")
