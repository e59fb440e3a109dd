"""What is judged of a share as a whole: purpose, legal basis, recipients, rhythm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from phalanx.share.gate.batches import largest_after, slot_at_or_after
from phalanx.share.gate.findings import Desk, Finding
from phalanx.share.gate.values import moment_of
from phalanx.share.wire import TLP_IDS, tlp_of
from phalanx.share.wire.markings import PAP_IDS, use_id


def judge_circumstances(desk: Desk, *, is_published: bool = False) -> Iterator[Finding]:
    """Return what stands against the share, whatever the object says.

    A retraction tells nothing that did not leave before: neither a lapsed basis nor a batch that
    is not full keeps it back.

    Parameters:
        desk: Policy, circumstances, object.
        is_published: Whether the object is a public definition, which carries no markings.
    """
    yield from _purpose(desk)
    yield from _recipients(desk)
    if is_retraction(desk):
        return
    yield from _legal_basis(desk)
    if not is_published:
        yield from _markings(desk)
    yield from _rhythm(desk)


def is_retraction(desk: Desk) -> bool:
    """Tell whether the object takes back what left, and says nothing else."""
    left, moment = desk.context.taken_back, moment_of(desk.item.get("modified"))
    return (
        left is not None
        and moment is not None
        and moment <= desk.context.now
        and desk.item == {**left, "modified": desk.item["modified"], "revoked": True}
    )


def _purpose(desk: Desk) -> Iterator[Finding]:
    if desk.context.purpose not in desk.rules["A12"].parameters["purposes"]:
        yield desk.find("A12", "", "no purpose that the policy names")


def _recipients(desk: Desk) -> Iterator[Finding]:
    context = desk.context
    if context.member not in context.agreement.members_at(context.now):
        yield desk.find("A14", "", "the sender is not in the agreement")
    circles = context.agreement.circles(context.member, context.now).values()
    if not context.recipients or context.recipients not in circles:
        yield desk.find("A14", "", "the recipients are neither all members nor a group of theirs")


def _legal_basis(desk: Desk) -> Iterator[Finding]:
    context = desk.context
    present = context.agreement.members_at(context.now)
    concerned: set[str] = set()
    for party in (context.member, *context.recipients):
        # Who is no member, or is one under no law that was named, is held to one that no basis has.
        concerned |= (party in present and present[party].jurisdictions) or {"unknown"}
    holding = desk.policy.bases_in_force(context.now)
    for name in context.legal_bases:
        if name in holding:
            concerned -= holding[name].jurisdictions
    if not concerned or (
        desk.released("A13") and tlp_of(desk.item.get("object_marking_refs")) == "red"
    ):
        return
    reason = f"no legal basis in force for {', '.join(sorted(concerned))}"
    if tlp_of(desk.item.get("object_marking_refs")) == "red":
        yield desk.find("A13", "", reason, action="hold", approvals=desk.rules["A13"].approvals)
    else:
        yield desk.find("A13", "", reason)


def _markings(desk: Desk) -> Iterator[Finding]:
    path, references = "object_marking_refs", desk.item.get("object_marking_refs")
    uses = [use_id("defence-only", name) for name in desk.context.legal_bases]
    if not isinstance(references, list) or tlp_of(references) is None:
        yield desk.find("A0", path, "no label of the Traffic Light Protocol")
        return
    if not any(reference in uses for reference in references):
        yield desk.find("A13", path, "no marking of the permitted use and legal basis")
    known = [*TLP_IDS.values(), *PAP_IDS.values(), *uses]
    if any(reference not in known for reference in references):
        yield desk.find("A0", path, "a marking that no line allows")
    for labels in (TLP_IDS, PAP_IDS):
        if sum(reference in labels.values() for reference in references) > 1:
            yield desk.find("A0", path, "two labels where receivers follow one")


def _rhythm(desk: Desk) -> Iterator[Finding]:
    rule, batch, now = desk.rules["A17"].parameters, desk.context.batch, desk.context.now
    period, sizes = timedelta(hours=rule["period_hours"]), rule["sizes"]
    reason = ""
    if batch is None:
        reason = "outside of a batch"
    elif batch.objects not in sizes:
        reason = "in a batch that is not filled up"
    elif batch.objects > largest_after(batch.previous_objects, sizes):
        reason = "in a batch that grew by more than one size"
    elif batch.slot > now or slot_at_or_after(batch.slot, period) != batch.slot:
        reason = "before its batch leaves"
    if reason:
        after = now + timedelta(microseconds=1)
        yield desk.find("A17", "", reason, release_at=slot_at_or_after(after, period))
