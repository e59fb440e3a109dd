"""The decision: what becomes of one object, under which rules, and what it is afterwards.

A pure function of the object, the circumstances and the policy. Every field is looked up in the
policy on the way down; what is not there is refused, at any depth. Rules never make an object
more open than it was: they refuse, hold, delay or take away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785

from phalanx.errors import InputError
from phalanx.share.gate.agreement import same_person
from phalanx.share.gate.circumstances import is_retraction, judge_circumstances
from phalanx.share.gate.contents import judge_content
from phalanx.share.gate.findings import SEVERITY, Approval, Context, Desk, Finding
from phalanx.share.gate.policy import RULE_IDS, Action, Policy, Role
from phalanx.share.gate.public import is_public
from phalanx.share.gate.values import judge_value
from phalanx.share.gate.vocabulary import found_in
from phalanx.share.wire import (
    EXTENSION_ID,
    Object,
    check,
    content_hash,
    document,
    observable,
)
from phalanx.share.wire.markings import PAP_EXTENSION, TLP_EXTENSION

DEPTH = 8
"""Objects and lists within each other that are looked into."""

_ALIAS = {EXTENSION_ID: "share", TLP_EXTENSION: "tlp", PAP_EXTENSION: "pap"}
_LISTS = frozenset(
    {
        "object_marking_refs", "object_refs", "where_sighted_refs", "external_references",
        "indicator_types", "infrastructure_types", "threat_actor_types", "aliases", "contributions",
    }
)  # fmt: skip
_NAMING = ("A1", "A2", "A3", "A4", "A10")


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


def decide(item: Object, context: Context, policy: Policy) -> Decision:
    """Decide what becomes of an object.

    Parameters:
        item: A plain JSON object.
        context: Who sends it to whom, why, on which basis, when.
        policy: Rules and fields.
    """
    rules = policy.in_force(context.now)
    try:
        before = content_hash(item)
        if not isinstance(item, dict):
            return _decided(policy, before, [_by_default(policy, "it is no object")], None)
    except InputError:
        before = hashlib.sha256(repr(type(item)).encode()).hexdigest()
        return _decided(policy, before, [_by_default(policy, "it has no canonical form")], None)
    missing = [rule_id for rule_id in RULE_IDS if rule_id not in rules]
    if missing:
        reason = f"rule {missing[0]} has no version in force"
        return _decided(policy, before, [_by_default(policy, reason)], None)
    desk = Desk(policy, rules, context, item, _approved(before, context))
    is_published = is_public(item, context.legal_bases)
    found = list(judge_circumstances(desk, is_published=is_published))
    if is_published or is_retraction(desk):
        return _decided(policy, before, found, item)
    more, after = _judge_object(desk)
    return _decided(policy, before, [*found, *more, *_structure(desk, after)], after)


def _structure(desk: Desk, after: Object | None) -> Iterator[Finding]:
    """Rule A0: what leaves is an object that every receiver can read."""
    if after is not None:
        try:
            check(document(after).raw)
        except InputError:
            yield desk.find("A0", "", "what would leave is not built as STIX has it")


def _judge_object(desk: Desk) -> tuple[list[Finding], Object | None]:
    item, kind = desk.item, desk.item.get("type")
    if not isinstance(kind, str):
        return [desk.find("A0", "type", "an object without a type")], None
    if kind in desk.blinded_types:
        return _blind(desk, kind, desk.rules["A4"].parameters["blinded"])
    fields = desk.policy.fields_of(kind)
    if fields is None:
        return [desk.find("A0", "type", "a type that no line allows")], None
    found: list[Finding] = []
    after = _Descent(desk, fields, found).walk(item)
    if any(each.action == "refuse" for each in found):
        return found, None
    more, after = judge_content(desk, after)
    return found + more, after


@dataclass(frozen=True, slots=True)
class _Descent:
    """One way down through one object."""

    desk: Desk
    fields: Mapping[str, str]
    found: list[Finding]

    def walk(self, value: Any, path: str = "", depth: int = 0) -> Any:  # noqa: ANN401 - JSON
        if depth > DEPTH:
            reason = "nested deeper than anything that is allowed"
            self.found.append(self.desk.find("A0", path, reason))
            return None
        if isinstance(value, dict):
            if path in self.fields:
                reason = "fields where a value was expected"
                self.found.append(self.desk.find("A0", path, reason))
            return {
                name: self.walk(inner, below, depth + 1)
                for name, inner in value.items()
                if (below := self._below(path, str(name)))
            }
        if isinstance(value, list) and path.rpartition(".")[2] in _LISTS:
            return [self.walk(_alone(each), path, depth + 1) for each in value]
        if path not in self.fields:
            self.found.append(self.desk.find("A0", path, "a value where fields were expected"))
            return None
        more, after = judge_value(self.desk, path, self.fields[path], value)
        self.found.extend(more)
        return after

    def _below(self, path: str, name: str) -> str:
        """Return the path of a field, or nothing if no line allows it."""
        below = f"{path}.{_ALIAS.get(name, name)}" if path else name
        if name not in _ALIAS.values() and "." not in name and _is_known(below, self.fields):
            return below
        self.found.append(_unknown_field(self.desk, path, name))
        return ""


def _alone(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return an item of a list; a list within a list is nothing that STIX has."""
    return None if isinstance(value, list) else value


def _is_known(path: str, fields: Mapping[str, str]) -> bool:
    return path in fields or any(name.startswith(f"{path}.") for name in fields)


def _unknown_field(desk: Desk, path: str, name: str) -> Finding:
    """Say which rule a field that no line allows would break by its name, A0 where none."""
    place = f"{path}.{name}"[:80] if path else name[:80]
    if name.casefold() in desk.rules["A8"].parameters["names"]:
        return desk.find("A8", place, "a field for prompts or outputs", action="refuse")
    for rule_id in _NAMING:
        if found_in(name[:200], desk.rules[rule_id].words):
            reason = "a field that is named for what this rule keeps back"
            return desk.find(rule_id, place, reason, action="refuse")
    return desk.find("A0", place, "a field that no line allows")


def _blind(
    desk: Desk, kind: str, blinded: Mapping[str, str]
) -> tuple[list[Finding], Object | None]:
    """Put the fingerprint of an account in its place."""
    for name, fingerprint in blinded.items():
        raw = desk.item.get(name.partition(".")[2])
        token = desk.fingerprint_of(fingerprint, raw)
        if name.startswith(f"{kind}.") and token is not None:
            markings = desk.item.get("object_marking_refs")
            if not isinstance(markings, list):
                break
            return [desk.find("A4", "", "an account in clear")], observable(token, markings)
    reason = "an account in clear, without a fingerprint to take its place"
    return [desk.find("A4", "", reason, action="refuse")], None


def _approved(before: str, context: Context) -> frozenset[Role]:
    """Return the roles in which different persons approved this object, and still do."""
    counted: dict[str, Approval] = {}
    for each in context.approvals:
        if (
            each.object_hash == before
            and each.approved_at <= context.now < each.valid_until
            and context.agreement.holds_role(each.person, each.role)
        ):
            # A person counts once, in the first of its roles.
            counted.setdefault(same_person(each.person), each)
    return frozenset(each.role for each in counted.values())


def _by_default(policy: Policy, reason: str) -> Finding:
    rule = next((each for each in policy.rules if each.id == "A0"), None)
    return Finding(
        rule_id="A0",
        title=rule.title if rule else "Default deny",
        source=rule.source if rule else "",
        action="refuse",
        path="",
        reason=reason,
    )


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
        difference=hashlib.sha256(rfc8785.dumps([before, hashed])).hexdigest(),
        item=item,
        policy_version=policy.version,
        policy_sha256=policy.sha256,
        release_at=max(releases, default=None),
        approvals=_needed(ordered),
    )


def _needed(found: tuple[Finding, ...]) -> tuple[Role, ...]:
    asked = {role for each in found for role in each.approvals if each.action == "hold"}
    return tuple(sorted(asked))
