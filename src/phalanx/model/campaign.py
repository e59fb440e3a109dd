"""What a scan concludes about groups of accounts.

Five lists, and every group that was opened stands in exactly one of them:

- `Campaign`: both nulls (operated apart; used honestly) are rejected.
- `AuthorisedGroup`: a campaign by its traffic, covered by grants.
- `UndeclaredPool`: operated together without saying so, but used like honest operators.
- `SuspiciousParty`: one declared party whose use alone is unlike honest operators.
- `NotJudged`: the data could not decide, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from phalanx.model.attribution import Attribution
from phalanx.model.evidence import Evidence

Role = Literal["harvester", "mixed", "dormant"]
ActionKind = Literal["observe", "verify", "rate-limit", "mark", "strip", "suspend"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignMarks:
    """Marks of one campaign that another provider shared, on the accounts of a group."""

    campaign: str
    """Identifier of the shared campaign, as its provider gave it."""

    accounts: int
    """Accounts of the group that carry a mark of it."""

    kinds: Mapping[str, int]
    """What the marks were read from -> accounts of the group: `account`, `email`, `payment`,
    `phone`, `device`, `template`, `address`, `network` or `domain`."""

    accounts_of_log: int
    """Accounts of the whole log that carry one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One account in a group."""

    account_id: str
    """Account, as a pseudonym unless the scan ran with clear identifiers."""

    party_id: str
    """Declared party that the account belongs to."""

    role: Role
    """`harvester`: nearly all its use is harvest; `mixed`: part of it; `dormant`: silent."""

    confidence: float
    """Posterior probability that the account belongs to the group, in [0, 1]."""

    first_seen: datetime
    """First exchange in the log."""

    last_seen: datetime
    """Last exchange in the log."""

    exchanges: int
    """Exchanges in the log."""

    input_tokens: int
    """Tokens sent, as logged or estimated."""

    output_tokens: int
    """Tokens received, as logged or estimated."""

    marks: tuple[str, ...] = ()
    """Campaigns of other providers of which it carries a mark. That is no evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFacts:
    """What a group did: counts, no judgement."""

    members: tuple[Member, ...]
    """Accounts, most confident first."""

    parties: int
    """Number of declared parties among them."""

    first_seen: datetime
    """First exchange of any member."""

    last_seen: datetime
    """Last exchange of any member."""

    exchanges: int
    """Exchanges of all members."""

    input_tokens: int
    """Tokens sent by all members."""

    output_tokens: int
    """Tokens received by all members."""

    models: Mapping[str, int]
    """Exchanges per model, largest first."""

    capabilities: Mapping[str, float]
    """Share of exchanges per targeted capability; shares need not sum to one."""

    daily_exchanges: Mapping[date, int]
    """Exchanges per UTC day."""

    templates: tuple[str, ...]
    """Most shared prompt templates, slots masked; empty under `hash_only`."""

    mixed_accounts: int = 0
    """Accounts of it that many principals seem to use: context, no evidence."""

    marks: tuple[CampaignMarks, ...] = ()
    """Campaigns of other providers of which its accounts carry marks, those with most first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How sure the scan is, and on what it rests."""

    log10_e: float
    """min(log10_e_apart, log10_e_honest)."""

    log10_e_apart: float
    """Evidence against "these parties are operated apart"."""

    log10_e_honest: float
    """Evidence against "this operator uses the model as honest operators do"."""

    threshold_log10_e: float
    """Level that the list was held to by e-BH, for this group's weight."""

    formed_at: datetime
    """End of the step after which the group was first seen as a group."""

    discovered_at: datetime | None
    """End of the step at which the evidence passed the level; null if it never did."""

    served_before_discovery: int | None
    """Exchanges of its accounts up to then; null if it never did."""

    evidence: tuple[Evidence, ...]
    """Line by line, strongest first."""

    use_examined: bool = True
    """Whether "used honestly" was tested at all; if not, `log10_e_honest` is 0."""

    track: int | None = None
    """Number of the tested group in `looks.parquet`; null where one party was tested alone."""

    formed_by_marks: bool = False
    """Whether marks of other providers formed the group that was tested. None is evidence."""

    threshold_without_marks_log10_e: float | None = None
    """What the level would be if no marks were given: they say where to look first. Null where
    none were given, they formed the group, or it would not have been asked."""

    log10_e_one_operator: float | None = None
    """Evidence against honest use if all members were one operator that declared itself; null
    where use was not examined."""

    evidence_of_parties: int | None = None
    """Size of the tested group where the members are not mostly that group, but a part of it or
    what other groups left of it: the evidence is that group's. Null where it is their own."""

    attribution: Attribution | None = None
    """Who may stand behind the group; null for single parties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What a campaign took, estimated."""

    output_tokens: int
    """Tokens served to it."""

    estimated_cost_usd: float
    """Its tokens at the price list of the configuration."""

    share_of_known_sets: Mapping[str, float]
    """Its exchanges divided by the size of well-known distillation sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A step that the evidence supports. Nothing is done automatically."""

    kind: ActionKind
    """What to do."""

    accounts: int
    """How many accounts it would touch."""

    reason: str
    """Why this step and not a harder one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A group that rejects both nulls."""

    campaign_id: str
    """Stable identifier, derived from the accounts that it was opened with, and when."""

    facts: GroupFacts
    judgement: Judgement
    harm: Harm
    actions: tuple[Action, ...]
    """Graduated, mildest first."""

    grants: tuple[str, ...] = ()
    """Grants that cover some of its accounts. One that covers all makes it an authorised group."""

    granted_accounts: int = 0
    """How many of its accounts they cover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisedGroup:
    """A group that would be a campaign, and is covered by grants."""

    group_id: str
    facts: GroupFacts
    judgement: Judgement
    grant_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UndeclaredPool:
    """Operated together, not shown to harvest: a matter of terms, not a campaign."""

    group_id: str
    facts: GroupFacts
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspiciousParty:
    """One declared party whose use is unlike that of honest operators."""

    party_id: str
    facts: GroupFacts
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class NotJudged:
    """A group on which the data could not decide."""

    group_id: str
    accounts: tuple[str, ...]
    reason: str
    reachable_log10_e: float
    """Largest e-value that the reference allowed, base-10 logarithm."""

    log10_e_apart: float
    log10_e_honest: float

    apart_examined: bool = True
    """Whether "operated apart" was tested at all; if not, `log10_e_apart` is 0."""

    use_examined: bool = True
    """Whether "used honestly" was tested at all; if not, `log10_e_honest` is 0."""
