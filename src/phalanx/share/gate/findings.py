"""Circumstances in which an object is to leave, and what a rule found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, get_args

from phalanx.share.gate.agreement import Agreement
from phalanx.share.gate.policy import Action, Role
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


class Remark(NamedTuple):
    """What a rule has to say on a text, wherever the text stands."""

    rule_id: str
    reason: str
    action: Action | None = None
    """Where the rule does something else than it does otherwise."""


class Look(NamedTuple):
    """A text that was looked at."""

    remarks: tuple[Remark, ...]
    after: str
    """The text without personal data."""


class Words(NamedTuple):
    """What the words of a text say, without personal data and identifiers."""

    forbidden: tuple[Remark, ...]
    unknown: tuple[str, ...]
    """Why an analyst has to read it."""

    has_other_signs: bool
    """Whether it holds signs that a plain text does not need."""
