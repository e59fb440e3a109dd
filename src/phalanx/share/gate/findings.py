"""What a rule found, and what a decision is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args

from phalanx.share.gate.agreement import Agreement
from phalanx.share.gate.opaque import is_opaque_token
from phalanx.share.gate.policy import Action, Policy, Role, Rule
from phalanx.share.wire import AccountFingerprint, Object

SEVERITY: Mapping[Action, int] = {action: place for place, action in enumerate(get_args(Action))}
"""Which of two actions is the harder one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """That a person let an object pass, for a time."""

    person: str
    role: Role
    object_hash: str
    """Of the object as it was submitted: another version needs another approval."""

    approved_at: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """In which company an object leaves."""

    objects: int
    """In the batch, with padding."""

    slot: datetime
    """When it leaves."""

    previous_objects: int = 0
    """In the batch before; 0 for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """In which circumstances an object is to leave."""

    member: str
    """Who sends: the identifier under which it appears."""

    recipients: frozenset[str]
    """Who receives."""

    purpose: str
    legal_bases: tuple[str, ...]
    """Together for every jurisdiction concerned."""

    agreement: Agreement
    now: datetime
    approvals: tuple[Approval, ...] = ()
    tokens: Mapping[tuple[str, str], AccountFingerprint] = field(default_factory=dict)
    """Fingerprints by kind and raw value, for what has to be blinded."""

    template_accounts: int = 0
    """On how many accounts a template was seen."""

    batch: Batch | None = None
    noise: int | None = None
    """To be added to a statistic, from `aggregation.discrete_laplace`; without it none leaves."""

    taken_back: Object | None = None
    """The version that left, where the object takes it back and says nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule found in one place."""

    rule_id: str
    title: str
    source: str
    action: Action
    path: str
    """Of the field; empty for circumstances."""

    reason: str
    """In words; never quotes the value."""

    approvals: tuple[Role, ...] = ()
    """Who together may release it."""

    release_at: datetime | None = None
    """When a delay is over."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every rule is given: the policy in force, the circumstances, the object."""

    policy: Policy
    rules: Mapping[str, Rule]
    context: Context
    item: Object
    approved: frozenset[Role]
    """Roles in which different persons approved this very object."""

    def find(self, rule_id: str, path: str, reason: str, **changes: Any) -> Finding:  # noqa: ANN401 - fields of Finding
        """Return a finding of a rule, with what the rule does unless told otherwise."""
        rule = self.rules[rule_id]
        values: dict[str, Any] = {
            "action": rule.action,
            "approvals": rule.approvals if rule.action == "hold" else (),
        }
        return Finding(
            rule_id=rule_id,
            title=rule.title,
            source=rule.source,
            path=path,
            reason=reason,
            **(values | changes),
        )

    @property
    def blinded_types(self) -> frozenset[str]:
        """Types that name an account."""
        return frozenset(name.partition(".")[0] for name in self.rules["A4"].parameters["blinded"])

    def fingerprint_of(self, kind: str, raw: object) -> AccountFingerprint | None:
        """Return what takes the place of an account in clear, if it was blinded indeed."""
        token = self.context.tokens.get((kind, raw)) if isinstance(raw, str) else None
        return token if token is not None and is_opaque_token(token.value) else None

    def released(self, rule_id: str) -> bool:
        """Tell whether the approvals that a rule asks for are there."""
        needed = self.rules[rule_id].approvals
        return bool(needed) and set(needed) <= self.approved
