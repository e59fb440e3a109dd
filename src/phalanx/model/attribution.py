"""Who may stand behind a group: roles, kinds of operator, and known actors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from phalanx.model.profile import AttributionRole, ProfileSource

Grade = Literal["A", "B", "C", "D", "E", "F"]
OperatorKind = Literal["distiller", "reseller", "evaluation farm", "hobbyist pool", "organisation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedValue:
    """A value that members of a group share beyond chance."""

    family: str
    """Family of the value, for example `email`."""

    value: str
    """The value: a pseudonym, a text, or its hash where nothing else is kept."""

    hash: str
    """Its hash under the key of the scan, 16 hexadecimal digits; empty for a birth."""

    accounts: int
    """Accounts of the group that carry it."""

    outsiders: int
    """Accounts outside the group that carry it: other customers, where it is a network's."""

    log10_p: float
    """Probability of so many members by chance, corrected for the values looked at (log 10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEvidence:
    """What points to one role behind a group, and which accounts carry it."""

    role: AttributionRole
    """`operator`: content points to who harvests. `network`: supply of the accounts."""

    accounts: tuple[str, ...]
    """Accounts of the group that carry at least one of its values."""

    values: tuple[LinkedValue, ...]
    """The most shared values of each family."""

    linked_values: int
    """How many values are linked in all; `values` may show fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedGroup:
    """Another listed group that shares uncommon values with this one."""

    group_id: str
    content_values: int
    """Linked texts that both use: they point to one operator."""

    network_values: int
    """Linked cards, mail domains and subnets of both: they point to one provider network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFeature:
    """One measurement of a group, and how likely each kind of operator shows it."""

    name: str
    value: float | None
    """Null where the log does not show it; then it counts for nothing."""

    interval: str
    """Interval of the likelihood table that the value falls into."""

    log10_likelihoods: Mapping[str, float]
    """Kind of operator -> log 10 of the probability of that interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """One kind of operator that may stand behind a group."""

    kind: OperatorKind
    prior: float
    """Probability before looking, of the configuration."""

    log10_likelihood: float
    """Tempered sum over the features, log 10."""

    probability: float
    """After looking, in [0, 1]; all kinds together have 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitComparison:
    """One trait of a profile against one group."""

    family: str
    source: str
    """Source of evidence; families of one source are averaged."""

    status: Literal["seen", "not seen", "not evaluable"]
    reason: str
    """What was seen, or why nothing can be said."""

    probability_if_actor: float
    """P(trait seen | actor): the persistence that the profile states."""

    probability_if_unrelated: float | None
    """P(trait seen | unrelated group), from how common the values are in this log."""

    log10_likelihood_ratio: float
    """log 10 of the ratio; 0 where nothing can be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileComparison:
    """One known actor against one group."""

    name: str
    aliases: tuple[str, ...]
    role: AttributionRole
    sources: tuple[ProfileSource, ...]
    """Sources of the profile."""

    traits: tuple[TraitComparison, ...]
    log10_likelihood_ratio: float
    """Sum over sources of evidence, families of one source averaged."""

    log10_without_strongest: float
    """The same without the source that says most."""

    strongest_source: str
    """That source; empty where nothing was evaluable."""

    log10_comparisons: float
    """log 10 of profiles times groups: subtract it from either sum to correct for the search."""

    grade: Grade
    """Best grade that this comparison allows; below C it does not name anybody."""

    reason: str
    """What held the grade down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Who may stand behind a group, with a grade that its weakest required part allows."""

    grade: Grade
    """A to C: a profile matched. D: a kind of operator stands out. E: little. F: nothing."""

    reason: str
    """Why this grade and no better one."""

    named: str | None
    """Name of the profile that matched at grade C or better; null otherwise."""

    roles: tuple[RoleEvidence, ...]
    related: tuple[RelatedGroup, ...]
    """Other listed groups that share content or a provider network with this one."""

    hypotheses: tuple[Hypothesis, ...]
    """Kinds of operator, most probable first."""

    features: tuple[MeasuredFeature, ...]
    """What the hypotheses were judged on."""

    tempering: float
    """Power that the product of likelihoods is taken to, because features depend on each other."""

    contamination: float
    """Share of the prior that stays whatever was measured: the model may be wrong."""

    hours_of_week: tuple[float, ...]
    """Share of its activity in each hour of the UTC week from Monday 00:00, 168 numbers, from
    one exchange per party and step that was picked blindly."""

    profiles: tuple[ProfileComparison, ...]
    """Known actors, best first; empty where no profiles were given."""
