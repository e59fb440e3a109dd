"""How much two members both suspect, counted before either discloses which accounts.

Rule A14 lets nobody disclose an object to one member of its choice. So one may only count, what it
is told is rounded to steps of about three (A5), and the terms are the same for all members of the
circle that it shares with: whoever of them asks is answered. Which accounts both know leaves, if at
all, through the gate and to all of the circle, by `publish`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from phalanx.errors import InputError, PolicyError, VerificationError
from phalanx.owned import read_owned, written_whole
from phalanx.share.blinding.allowances import Allowances
from phalanx.share.blinding.psi import Asker, Counterparties, Kept, Mode, Responder, Terms
from phalanx.share.blinding.tables import open_tables
from phalanx.share.exchange.carried import Message, Session, message_of, read_message
from phalanx.share.exchange.house import House
from phalanx.share.gate import Context
from phalanx.share.gate.audit import PROGRAM, circumstance_facts
from phalanx.share.gate.circumstances import against_comparing
from phalanx.share.wire import AccountFingerprint, bucket_name
from phalanx.store import database_of

FEWEST = 5
"""Identifiers of a question: of fewer, the number would nearly say which."""

KEPT_FOLDER = "comparisons"
"""Of the alliance folder: what counts the answers that are still to come."""

COUNTS_FILE = "comparisons.db"
"""Of the alliance folder: how much each member has asked."""

_NONE = "none"
_MOST_KEPT_BYTES = 4_096


class _KeptFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    session: str
    key: str
    entries: int
    receiver: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the asker learned."""

    member: str
    """Identifier of who answered."""

    epoch: int
    common: str
    """Step in which the number of common identifiers lies, such as `3-9`; `none` for 0."""


def pseudonym_of(house: House, member: str) -> str:
    """Return the pseudonym of a member of the agreement."""
    return next(each.pseudonym for each in house.agreement.members if each.id == member)


def refuse_unlawful(house: House, other: str, what: str) -> dict[str, object]:
    """Return what the audit log says of a comparison; one that may not be is noted and refused.

    Parameters:
        house: The member.
        other: Identifier of the other member.
        what: What it is about to do, for the log.

    Raises:
        PolicyError: If the other one is not in the circle, or a rule stands against it.
    """
    circle = house.recipients
    context = Context(
        member=house.member,
        # The law of all of them has to allow it: each is answered on the same terms.
        recipients=circle,
        purpose=house.settings.purpose,
        legal_bases=house.settings.bases,
        agreement=house.agreement,
        now=house.now,
    )
    facts = {**circumstance_facts(context, house.policy), "object": other}
    against = [(each.rule_id, each.reason) for each in against_comparing(context, house.policy)]
    if other not in circle:
        against.append(("A14", f"the other one is not among {house.settings.to!r}"))
    if against:
        rules = [{"rule": rule, "reason": reason} for rule, reason in against]
        refused = {**facts, "action": "refuse", "rules": rules, "reason": what}
        house.audit.append(house.now, "compared", PROGRAM, refused)
        message = f"nothing may be compared ({against[0][0]}): {against[0][1]}"
        raise PolicyError(message, next_step="Correct the alliance settings, or ask counsel.")
    return facts


def ask(house: House, other: str, epoch: int, suspects: Iterable[AccountFingerprint]) -> bytes:
    """Return a question to another member, and keep what will count its answer.

    Parameters:
        house: The member.
        other: Identifier of the one who is asked.
        epoch: Of the tokens.
        suspects: Tokens of what only accounts of the member's campaigns carry.

    Raises:
        PolicyError: If the comparison may not be.
        InputError: If there are too few of them.
    """
    facts = refuse_unlawful(house, other, "question")
    items = _items(suspects)
    if len(items) < FEWEST:
        message = f"{len(items)} identifiers to ask about: a number would nearly say which"
        raise InputError(message, next_step=f"Ask about {FEWEST} or more.")
    asker = Asker(items, Mode.CARDINALITY, house.random_bytes)
    kept = asker.kept()
    session = Session(other=other, epoch=epoch, session=kept.session)
    raw = message_of(house, "question", session, asker.question())
    file = _KeptFile(kept.session.hex(), kept.key.hex(), kept.entries, other, epoch)
    with written_whole(_kept_path(house, kept.session.hex())) as aside:
        aside.write_bytes(msgspec.json.encode(file))
    asked = {"action": "ask", "session": kept.session.hex(), "epoch": epoch}
    house.audit.append(house.now, "compared", PROGRAM, {**facts, **asked})
    return raw


def read_question(house: House, path: Path) -> Message:
    """Read the question of another member, before anything is blinded for it.

    Raises:
        InputError: If it is none.
        VerificationError: If no member asked it so, or asked somebody else.
        PolicyError: If the comparison may not be.
    """
    question = read_message(house, path, "question")
    refuse_unlawful(house, question.head.created_by_ref, "answer")
    return question


def answer(house: House, question: Message, suspects: Iterable[AccountFingerprint]) -> bytes:
    """Return the answer to a question, once it is counted and on record.

    Parameters:
        house: The member.
        question: As `read_question` returns it.
        suspects: Tokens of the same epoch, of what only accounts of its campaigns carry.

    Raises:
        PolicyError: If the member has asked as much as it may today, or for more than a count.
        InputError: If the question is none.
    """
    head = question.head
    facts = refuse_unlawful(house, head.created_by_ref, "answer")
    engine = open_tables(database_of(str(house.folder.folder / COUNTS_FILE)))
    try:
        counterparties = Counterparties(
            dict.fromkeys(house.recipients, Terms()), Allowances(engine)
        )
        responder = Responder(_items(suspects), counterparties, house.random_bytes)
        frames = list(responder.answer(head.created_by_ref, question.frames(), house.now))
    except PolicyError as error:
        refused = {"action": "refuse", "session": head.session, "reason": str(error)}
        house.audit.append(house.now, "compared", PROGRAM, {**facts, **refused})
        raise
    finally:
        engine.dispose()
    answered = {"action": "answer", "session": head.session, "epoch": head.epoch}
    house.audit.append(house.now, "compared", PROGRAM, {**facts, **answered})
    session = Session(
        other=head.created_by_ref, epoch=head.epoch, session=bytes.fromhex(head.session)
    )
    return message_of(house, "answer", session, frames)


def count(house: House, path: Path) -> Counted:
    """Return how much both suspect, in steps, and forget what counted it.

    Parameters:
        house: The member who asked.
        path: Of the answer.

    Raises:
        InputError: If it is none, or none to a question that waits.
        VerificationError: If who was asked did not write it so.
    """
    said = read_message(house, path, "answer")
    head, place = said.head, _kept_path(house, said.head.session)
    if not place.exists():
        message = f"{path}: answers no question of yours that waits"
        raise InputError(message, next_step="Each answer is read once. Ask again.")
    try:
        file = msgspec.json.decode(
            read_owned(place, "kept question", _MOST_KEPT_BYTES), type=_KeptFile
        )
        session, key = bytes.fromhex(file.session), bytes.fromhex(file.key)
    except (msgspec.MsgspecError, ValueError) as error:
        message = f"{place}: not what a question left here"
        raise InputError(message, next_step="Remove it, and ask again.") from error
    if (head.created_by_ref, head.epoch) != (file.receiver, file.epoch):
        message = f"{path}: written by another member than was asked, or of another epoch"
        raise VerificationError(message, next_step="Ask the member for its own answer.")
    found = Kept(session=session, key=key, entries=file.entries).count(said.frames())
    common = bucket_name(found) if found else _NONE
    counted = {
        "object": file.receiver,
        "action": f"counted: {common}",
        "session": file.session,
        "epoch": file.epoch,
    }
    house.audit.append(house.now, "compared", PROGRAM, counted)
    place.unlink()
    return Counted(member=file.receiver, epoch=file.epoch, common=common)


def _items(suspects: Iterable[AccountFingerprint]) -> list[bytes]:
    return sorted({f"{each.kind}:{each.value}".encode() for each in suspects})


def _kept_path(house: House, session: str) -> Path:
    return house.folder.folder / KEPT_FOLDER / f"{session}.json"
