"""What may leave now: the gate's decision on all that waits, and the batch that it fills.

An object is decided on twice: as if it stood in a batch, to know whether it may leave at all, and
in the batch that it leaves with; each time one gate decides on all. What leaves is signed as the
gate returned it, and noted as leaving before it is sent: a run that is killed is taken up by the
next one, with the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from phalanx.errors import PolicyError
from phalanx.share.exchange.building import Prepared
from phalanx.share.exchange.house import House
from phalanx.share.exchange.outbox import (
    LastBatch,
    Leaving,
    content_of,
    known_epoch,
    last_batch,
    leave,
    newest_sent,
    note_batch,
    waiting,
)
from phalanx.share.gate import (
    Approval,
    Batch,
    Context,
    Decision,
    Gate,
    decide,
    decoy,
    plan_batch,
    slot_at_or_after,
)
from phalanx.share.gate.audit import PROGRAM, decision_facts
from phalanx.share.gate.requests import Request
from phalanx.share.wire import Document, Object, content_hash, document, observable, sign

_MOST_DRAWS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An object that waits, and what the gate says of it."""

    prepared: Prepared
    context: Context
    decision: Decision
    request: Request | None = None
    """Under which it waits for approval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """What leaves now, and what stays."""

    leaving: tuple[Document, ...] = ()
    """Without padding."""

    padding: int = 0
    later: tuple[Judged, ...] = ()
    """May leave, with a later batch."""

    staying: tuple[Judged, ...] = ()
    """May not leave as things stand: held, refused, or delayed by another rule."""

    next_slot: datetime
    """When the next batch may leave."""


def depart(house: House, submitter: str = "", *, new: frozenset[str] = frozenset()) -> Departure:
    """Let leave what may, in a batch that is filled up.

    Parameters:
        house: The member.
        submitter: Who puts what is held before the approvers; empty puts nothing there.
        new: Identifiers of objects that are decided on for the first time: what stays of them
            enters the audit log too.

    Raises:
        PolicyError: If the batch cannot be filled up.
    """
    with house.folder.writing() as connection:
        items, last = waiting(connection), last_batch(connection)
    desk = _Desk(house)
    judged = [_submitted(house, each, submitter) for each in desk.judge_all(items)]
    ready = [each for each in judged if each.decision.may_leave]
    staying = tuple(each for each in judged if not each.decision.may_leave)
    refused = (each for each in staying if each.prepared.item["id"] in new)
    house.audit.append_all(house.now, "decided", PROGRAM, map(desk.facts, refused))
    slot, following = slots(house, last)
    if slot is None or not ready:
        return Departure(later=tuple(ready), staying=staying, next_slot=following)
    plan = plan_batch(len(ready), last.objects, desk.sizes)
    batch = Batch(objects=plan.objects, slot=slot, previous_objects=last.objects)
    chosen = desk.judge([each.prepared for each in ready[: plan.real]], batch)
    padding = desk.decoys(plan.padding, batch)
    desk.note(batch, (*chosen, *padding))
    return Departure(
        leaving=tuple(_document(each.decision) for each in chosen),
        padding=plan.padding,
        later=tuple(ready[plan.real :]),
        staying=staying,
        next_slot=slot + _period(house),
    )


def judge(house: House, items: Iterable[Prepared]) -> tuple[Judged, ...]:
    """Return what the gate says of objects, as if each stood in a batch that leaves now."""
    return _Desk(house).judge_all(items)


def take_back(house: House, item: Object, last: Object) -> Decision:
    """Let leave at once a version that takes an object back.

    Parameters:
        house: The member.
        item: The version.
        last: That left before.
    """
    desk = _Desk(house)
    # What is taken back needs no approval, so those that were given are not read.
    context = replace(desk.context, taken_back=last)
    decision = decide(item, context, house.policy)
    judged = Judged(prepared=Prepared(item=item), context=context, decision=decision)
    house.audit.append_all(house.now, "decided", PROGRAM, [desk.facts(judged)])
    if decision.may_leave:
        said = {"object": item["id"], "version": item["modified"], "hash": decision.after}
        house.audit.append(house.now, "retracted", PROGRAM, said)
        with house.folder.writing() as connection:
            sent = newest_sent(connection, item["id"])
            left = _signed(house, decision, sent.campaign if sent else "")
            leave(connection, left, content_of(item), house.now)
    return decision


def slots(house: House, last: LastBatch) -> tuple[datetime | None, datetime]:
    """Return the slot in which a batch may leave now, or nothing, and when the next one begins.

    Parameters:
        house: The member.
        last: The batch that left last: one batch for each slot.
    """
    period = _period(house)
    following = slot_at_or_after(house.now + timedelta(microseconds=1), period)
    slot = following - period
    if last.slot is not None and last.slot >= slot:
        return None, last.slot + period
    return slot, following


class _Desk:
    """Where objects are decided on, in circumstances that are the same for all of them."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.sizes: Sequence[int] = house.policy.in_force(house.now)["A17"].parameters["sizes"]
        self.context = Context(
            member=house.member,
            recipients=house.recipients,
            purpose=house.settings.purpose,
            legal_bases=house.settings.bases,
            agreement=house.agreement,
            now=house.now,
        )

    @cached_property
    def _approvals(self) -> dict[str, tuple[Approval, ...]]:
        found: dict[str, tuple[Approval, ...]] = {}
        for each in self._house.queue.requests(self._house.now, "approved"):
            found[each.object_hash] = (*found.get(each.object_hash, ()), *each.approvals)
        return found

    def context_of(self, item: Object) -> Context:
        """Return the circumstances of an object, outside of a batch."""
        return replace(self.context, approvals=self._approvals.get(content_hash(item), ()))

    def judge(self, items: Iterable[Prepared], batch: Batch) -> tuple[Judged, ...]:
        """Decide on objects of one batch."""
        gate = Gate(replace(self.context, batch=batch), self._house.policy)
        return tuple(self._judge(gate, each, batch) for each in items)

    def _judge(self, gate: Gate, prepared: Prepared, batch: Batch) -> Judged:
        seen = prepared.template_accounts
        context = replace(self.context_of(prepared.item), batch=batch, template_accounts=seen)
        decision = gate.decide(prepared.item, approvals=context.approvals, template_accounts=seen)
        return Judged(prepared=prepared, context=context, decision=decision)

    def judge_all(self, items: Iterable[Prepared]) -> tuple[Judged, ...]:
        slot, _ = slots(self._house, LastBatch(None, 0))
        batch = Batch(objects=self.sizes[0], slot=slot or self._house.now)
        return self.judge(items, batch)

    def decoys(self, number: int, batch: Batch) -> tuple[Judged, ...]:
        """Draw fingerprints of nobody."""
        with self._house.folder.writing() as connection:
            epoch = known_epoch(connection)
        gate = Gate(replace(self.context, batch=batch), self._house.policy)
        return tuple(self._decoy(gate, epoch, batch) for _ in range(number))

    def _decoy(self, gate: Gate, epoch: int, batch: Batch) -> Judged:
        """Draw one; one in 100,000 does not look drawn, and is drawn again."""
        markings = self._house.settings.handling.references
        for _ in range(_MOST_DRAWS):
            item = observable(decoy(epoch, self._house.random_bytes), markings)
            judged = self._judge(gate, Prepared(item=item), batch)
            if judged.decision.may_leave:
                return judged
        reason = judged.decision.findings[0].reason
        message = f"the batch cannot be filled up: padding may not leave: {reason}"
        next_step = "Nothing left. Correct the bases, or ask counsel."
        if judged.decision.action == "hold":
            # What is held leaves by approval of its very bytes, and nobody approves 500 decoys.
            message += ", and nobody can approve it, as it is drawn anew each time"
            next_step = (
                "Nothing left. Name a legal basis that is in force: the exception of rule A13 "
                "(TLP:RED, counsel) is for objects that `phalanx share check` writes, not for a "
                "batch."
            )
        raise PolicyError(message, next_step=next_step)

    def facts(self, each: Judged) -> dict[str, Any]:
        """Return what the audit log says of a decision."""
        name = str(each.prepared.item["id"])
        return decision_facts(each.decision, each.context, self._house.policy, name)

    def note(self, batch: Batch, chosen: Sequence[Judged]) -> None:
        """Note what leaves: in the audit log first, then as leaving."""
        house = self._house
        house.audit.append_all(house.now, "decided", PROGRAM, map(self.facts, chosen))
        with house.folder.writing() as connection:
            note_batch(connection, batch.slot, batch.objects)
            for each in chosen:
                left = _signed(house, each.decision, each.prepared.campaign)
                leave(connection, left, content_of(each.prepared.item), house.now)


def _signed(house: House, decision: Decision, campaign: str) -> Leaving:
    made = _document(decision)
    signature = sign(made.fields, house.member, house.key)
    return Leaving(raw=made.raw, signature=signature, campaign=campaign)


def _submitted(house: House, each: Judged, submitter: str) -> Judged:
    if not (submitter and each.decision.action == "hold" and each.decision.approvals):
        return each
    request = house.queue.submit(each.prepared.item, each.decision, submitter, house.now)
    return replace(each, request=request)


def _document(decision: Decision) -> Document:
    if decision.item is None:
        message = "what is refused has no form in which it leaves"
        raise ValueError(message)
    return document(decision.item)


def _period(house: House) -> timedelta:
    return timedelta(hours=house.policy.in_force(house.now)["A17"].parameters["period_hours"])
