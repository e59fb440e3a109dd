"""What is judged of a share as a whole: purpose, legal basis, recipients, rhythm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from phalanx.share.gate.batches import largest_after, slot_at_or_after
from phalanx.share.gate.desk import Desk, Share
from phalanx.share.gate.findings import Context, Finding
from phalanx.share.gate.moments import moment_of
from phalanx.share.gate.policy import Policy
from phalanx.share.wire import TLP_IDS, tlp_of
from phalanx.share.wire.markings import PAP_IDS

_TLP, _PAP = frozenset(TLP_IDS.values()), frozenset(PAP_IDS.values())


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is found in those of a share, whatever object it is about."""

    parties: tuple[Finding, ...]
    """In the purpose, sender and recipients."""

    unknown_bases: tuple[Finding, ...]
    """Of legal bases that the policy does not know."""

    lawless: frozenset[str]
    """Jurisdictions concerned in which no legal basis is in force."""

    rhythm: tuple[Finding, ...]
    """In the batch and its time."""


def circumstances_of(share: Share) -> Circumstances:
    """Judge the circumstances of a share once, for all of its objects."""
    parties = (*_purpose(share), *_recipients(share))
    unknown = tuple(_unknown_bases(share))
    return Circumstances(parties, unknown, _lawless(share), tuple(_rhythm(share)))


def against_sharing(context: Context, policy: Policy) -> tuple[Finding, ...]:
    """Return what stands against sharing anything at all, whatever is shared and in what form.

    Rules A12 to A14: the purpose, the parties, and a legal basis in force for each jurisdiction.

    Parameters:
        context: Who sends to whom, why, on which basis, when.
        policy: Rules and bases.
    """
    share = Share(context, policy)
    if missing := {"A12", "A13", "A14"} - share.rules.keys():
        rule = next(each for each in policy.rules if each.id == "A0")
        reason = f"rule {min(missing)} has no version in force"
        return (
            Finding(
                rule_id="A0",
                title=rule.title,
                source=rule.source,
                action="refuse",
                path="",
                reason=reason,
            ),
        )
    found = [*_purpose(share), *_recipients(share), *_unknown_bases(share)]
    if lawless := _lawless(share):
        found.append(share.find("A13", "", _without_basis(lawless)))
    return tuple(found)


def against_comparing(context: Context, policy: Policy) -> tuple[Finding, ...]:
    """Return what stands against counting what two members have in common.

    The recipients are all to whom the same question would be answered, not the one who asks it. A
    policy whose rule A14 names no comparison allows none.

    Parameters:
        context: Who answers whom, why, on which basis, when.
        policy: Rules and bases.
    """
    found = against_sharing(context, policy)
    rule = policy.in_force(context.now).get("A14")
    if rule is None or "count" in rule.parameters.get("comparisons", ()):
        return found
    share = Share(context, policy)
    return (*found, share.find("A14", "", "the policy allows no comparison of two members"))


def judge_circumstances(
    desk: Desk, circumstances: Circumstances, *, is_published: bool = False
) -> Iterator[Finding]:
    """Return what stands against the share, whatever the object says.

    A retraction tells nothing that did not leave before: neither a lapsed basis nor a batch that
    is not full keeps it back.

    Parameters:
        desk: Policy, circumstances, object.
        circumstances: What was found in them.
        is_published: Whether the object is a public definition, which carries no markings.
    """
    yield from circumstances.parties
    if is_retraction(desk):
        return
    yield from circumstances.unknown_bases
    yield from _legal_basis(desk, circumstances.lawless)
    if not is_published:
        yield from _markings(desk)
    yield from circumstances.rhythm


def is_retraction(desk: Desk) -> bool:
    """Tell whether the object takes back what left, and says nothing else."""
    left = desk.context.taken_back
    if left is None:
        return False
    moment = moment_of(desk.item.get("modified"))
    return (
        moment is not None
        and moment <= desk.context.now
        and desk.item == {**left, "modified": desk.item["modified"], "revoked": True}
    )


def _purpose(share: Share) -> Iterator[Finding]:
    if share.context.purpose not in share.rules["A12"].parameters["purposes"]:
        yield share.find("A12", "", "no purpose that the policy names")


def _recipients(share: Share) -> Iterator[Finding]:
    context = share.context
    if context.member not in share.members:
        yield share.find("A14", "", "the sender is not in the agreement")
    circles = context.agreement.circles(context.member, context.now).values()
    if not context.recipients or context.recipients not in circles:
        yield share.find("A14", "", "the recipients are neither all members nor a group of theirs")


def _lawless(share: Share) -> frozenset[str]:
    context, present = share.context, share.members
    concerned: set[str] = set()
    for party in (context.member, *context.recipients):
        # Who is no member, or is one under no law that was named, is held to one that no basis has.
        concerned |= (party in present and present[party].jurisdictions) or {"unknown"}
    holding = share.policy.bases_in_force(context.now)
    for name in context.legal_bases:
        if name in holding:
            concerned -= holding[name].jurisdictions
    return frozenset(concerned)


def _unknown_bases(share: Share) -> Iterator[Finding]:
    """Find names that stand for no basis: what is misspelt has not lapsed, nor can counsel mend it.

    Refused even where the others cover everybody: its name would stand in the markings.
    """
    known = {basis.id for basis in share.policy.bases}
    for name in dict.fromkeys(share.context.legal_bases):
        if name not in known:
            reason = f"the policy knows no basis {name[:50]!r}; it knows {', '.join(sorted(known))}"
            yield share.find("A13", "", reason)


def _legal_basis(desk: Desk, lawless: frozenset[str]) -> Iterator[Finding]:
    is_red = tlp_of(desk.item.get("object_marking_refs")) == "red"
    if not lawless or (is_red and desk.released("A13")):
        return
    reason = _without_basis(lawless)
    if is_red:
        yield desk.find("A13", "", reason, action="hold", approvals=desk.rules["A13"].approvals)
    else:
        yield desk.find("A13", "", reason)


def _without_basis(lawless: frozenset[str]) -> str:
    return f"no legal basis in force for {', '.join(sorted(lawless))}"


def _markings(desk: Desk) -> Iterator[Finding]:
    path, references = "object_marking_refs", desk.item.get("object_marking_refs")
    if not isinstance(references, list) or tlp_of(references) is None:
        yield desk.find("A0", path, "no label of the Traffic Light Protocol")
        return
    texts = [str(reference) for reference in references]
    if desk.share.uses.isdisjoint(texts):
        yield desk.find("A13", path, "no marking of the permitted use and legal basis")
    if not desk.share.markings.issuperset(texts):
        yield desk.find("A0", path, "a marking that no line allows")
    for labels in (_TLP, _PAP):
        if sum(text in labels for text in texts) > 1:
            yield desk.find("A0", path, "two labels where receivers follow one")


def _rhythm(share: Share) -> Iterator[Finding]:
    rule, batch, now = share.rules["A17"].parameters, share.context.batch, share.context.now
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
        yield share.find("A17", "", reason, release_at=slot_at_or_after(after, period))
