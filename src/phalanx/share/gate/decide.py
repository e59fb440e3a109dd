"""The decision: what becomes of one object, under which rules, and what it is afterwards.

A pure function of the object, the circumstances and the policy. Every field is looked up in the
policy on the way down; what is not there is refused, at any depth. Rules never make an object
more open than it was: they refuse, hold, delay or take away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property

from phalanx.errors import InputError
from phalanx.share.gate.agreement import same_person
from phalanx.share.gate.circumstances import (
    Circumstances,
    circumstances_of,
    is_retraction,
    judge_circumstances,
)
from phalanx.share.gate.contents import judge_content
from phalanx.share.gate.descent import Descent, Field, tree_of
from phalanx.share.gate.desk import Desk, Share
from phalanx.share.gate.findings import SEVERITY, Approval, Context, Finding
from phalanx.share.gate.policy import RULE_IDS, Action, Policy, Role
from phalanx.share.wire import Object, check, content_hash, document, observable


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of an object."""

    action: Action
    """The hardest of what the rules did; `allow` where none fired."""

    findings: tuple[Finding, ...]
    """Every rule that fired, with its source, hardest first."""

    before: str
    """Hash of the object as it was submitted."""

    after: str
    """Hash of the object as it may leave; empty where it may not."""

    difference: str
    """Hash over the two."""

    item: Object | None
    """The object as it may leave: at once, or when it is released; nothing where it is refused.

    This is to be written (`wire.document`) and sent, not the bytes that were submitted: spaces and
    the spelling of numbers in those were not judged.
    """

    policy_version: str
    policy_sha256: str
    release_at: datetime | None = None
    """When a delay is over."""

    approvals: tuple[Role, ...] = ()
    """Who together may release what is held."""

    @property
    def may_leave(self) -> bool:
        """Whether `item` may leave now."""
        return SEVERITY[self.action] < SEVERITY["delay"]


class Gate:
    """Decides what becomes of the objects of one share.

    Parameters:
        context: Who sends them to whom, why, on which basis, when.
        policy: Rules and fields.
    """

    def __init__(self, context: Context, policy: Policy) -> None:
        """Find the rules that are in force."""
        self._share = Share(context, policy)
        self._missing = [rule_id for rule_id in RULE_IDS if rule_id not in self._share.rules]
        self._tree_of = cache(self._make_tree)

    def decide(
        self,
        item: Object,
        *,
        is_checked: bool = False,
        approvals: Sequence[Approval] | None = None,
        template_accounts: int | None = None,
    ) -> Decision:
        """Decide what becomes of an object.

        Parameters:
            item: A plain JSON object.
            approvals: Of this object; null takes those of the share.
            template_accounts: On which its templates were seen; null takes those of the share.
            is_checked: That `wire.check` took it; then it is not asked again, unless the rules
                change something.
        """
        policy, context = self._share.policy, self._share.context
        try:
            before = content_hash(item)
        except InputError:
            before = hashlib.sha256(repr(type(item)).encode()).hexdigest()
            return _refused(policy, before, "it has no canonical form")
        if not isinstance(item, dict):
            return _refused(policy, before, "it is no object")
        if self._missing:
            return _refused(policy, before, f"rule {self._missing[0]} has no version in force")
        given = context.approvals if approvals is None else approvals
        seen = context.template_accounts if template_accounts is None else template_accounts
        desk = Desk(self._share, item, _approved(before, context, given), seen)
        is_published = self._share.public.get(str(item.get("id"))) == item
        found = list(judge_circumstances(desk, self._circumstances, is_published=is_published))
        if is_published or is_retraction(desk):
            return _decided(policy, before, found, item)
        more, after = self._judge_object(desk)
        if not (is_checked and after == item):
            more += _structure(desk, after)
        return _decided(policy, before, found + more, after)

    @cached_property
    def _circumstances(self) -> Circumstances:
        return circumstances_of(self._share)

    def _make_tree(self, kind: str) -> Field | None:
        fields = self._share.fields_of(kind)
        return None if fields is None else tree_of(fields)

    def _judge_object(self, desk: Desk) -> tuple[list[Finding], Object | None]:
        item, kind = desk.item, desk.item.get("type")
        if not isinstance(kind, str):
            return [desk.find("A0", "type", "an object without a type")], None
        if kind in self._share.blinded_types:
            return _blind(desk, kind)
        tree = self._tree_of(kind)
        if tree is None:
            return [desk.find("A0", "type", "a type that no line allows")], None
        found: list[Finding] = []
        after = Descent(desk, found).walk(tree, item)
        if any(each.action == "refuse" for each in found):
            return found, None
        more, after = judge_content(desk, after)
        return found + more, after


def decide(item: Object, context: Context, policy: Policy) -> Decision:
    """Decide what becomes of one object; for many of one share, make a `Gate`.

    Parameters:
        item: A plain JSON object.
        context: Who sends it to whom, why, on which basis, when.
        policy: Rules and fields.
    """
    return Gate(context, policy).decide(item)


def _structure(desk: Desk, after: Object | None) -> Iterator[Finding]:
    """Rule A0: what leaves is an object that every receiver can read."""
    if after is not None:
        try:
            check(document(after).raw)
        except InputError:
            yield desk.find("A0", "", "what would leave is not built as STIX has it")


def _blind(desk: Desk, kind: str) -> tuple[list[Finding], Object | None]:
    """Put the fingerprint of an account in its place."""
    for name, fingerprint in desk.share.blinded.items():
        raw = desk.item.get(name.partition(".")[2])
        token = desk.share.fingerprint_of(fingerprint, raw)
        if name.startswith(f"{kind}.") and token is not None:
            markings = desk.item.get("object_marking_refs")
            if not isinstance(markings, list):
                break
            return [desk.find("A4", "", "an account in clear")], observable(token, markings)
    reason = "an account in clear, without a fingerprint to take its place"
    return [desk.find("A4", "", reason, action="refuse")], None


def _approved(before: str, context: Context, given: Sequence[Approval]) -> frozenset[Role]:
    """Return the roles in which different persons approved this object, and still do."""
    counted: dict[str, Approval] = {}
    for each in given:
        if (
            each.object_hash == before
            and each.approved_at <= context.now < each.valid_until
            and context.agreement.holds_role(each.person, each.role)
        ):
            # A person counts once, in the first of its roles.
            counted.setdefault(same_person(each.person), each)
    return frozenset(each.role for each in counted.values())


def _refused(policy: Policy, before: str, reason: str) -> Decision:
    """Refuse what cannot be judged."""
    rule = next((each for each in policy.rules if each.id == "A0"), None)
    found = Finding(
        rule_id="A0",
        title=rule.title if rule else "Default deny",
        source=rule.source if rule else "",
        action="refuse",
        path="",
        reason=reason,
    )
    return _decided(policy, before, [found], None)


def _decided(policy: Policy, before: str, found: list[Finding], after: Object | None) -> Decision:
    ordered = tuple(sorted(found, key=lambda each: -SEVERITY[each.action]))
    action: Action = ordered[0].action if ordered else "allow"
    if after is None:
        action = "refuse"
    item = None if action == "refuse" else after
    changing = any(each.action in {"bucket", "aggregate", "blind"} for each in ordered)
    hashed = "" if item is None else content_hash(item) if changing else before
    releases = [each.release_at for each in ordered if each.release_at is not None]
    return Decision(
        action=action,
        findings=ordered,
        before=before,
        after=hashed,
        difference=hashlib.sha256(f'["{before}","{hashed}"]'.encode()).hexdigest(),
        item=item,
        policy_version=policy.version,
        policy_sha256=policy.sha256,
        release_at=max(releases, default=None),
        approvals=_needed(ordered),
    )


def _needed(found: tuple[Finding, ...]) -> tuple[Role, ...]:
    asked = {role for each in found for role in each.approvals if each.action == "hold"}
    return tuple(sorted(asked))
