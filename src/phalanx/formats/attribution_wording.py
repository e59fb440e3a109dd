"""The sentences in which an attribution is stated, the same in every output."""

from __future__ import annotations

from collections.abc import Sequence

from phalanx.formats.notation import count, plural, share
from phalanx.model import (
    Attribution,
    Grade,
    Judgement,
    LinkedValue,
    MeasuredFeature,
    ProfileComparison,
    RelatedGroup,
    RoleEvidence,
    TraitComparison,
)

GRADES: dict[Grade, str] = {
    "A": "a known actor matches strongly, even without the strongest source of evidence",
    "B": "a known actor matches well, even without the strongest source of evidence",
    "C": "a known actor matches; without the strongest source of evidence little is left",
    "D": "nobody is named; the kind of operator stands out",
    "E": "nobody is named; the kind of operator is uncertain",
    "F": "nothing can be said about who stands behind it",
}
"""Grade -> what it says."""

CONFIDENCE: dict[Grade, int] = {"A": 95, "B": 80, "C": 55, "D": 30, "E": 15, "F": 0}
"""Grade -> confidence on the scale of STIX 2.1, 0 to 100."""

KINDS = {
    "distiller": "somebody who distils",
    "reseller": "a reseller with customers of its own",
    "evaluation farm": "an evaluation farm",
    "hobbyist pool": "a hobbyist with several accounts",
    "organisation": "an honest organisation that did not declare itself",
}
"""Kind of operator, in words."""

ROLES = {"operator": "Operator", "network": "Provider network"}
"""Role, as a heading."""

NOT_NAMING = (
    "A name comes only from a profile that a person wrote. The odds of the kinds come from "
    "simulated groups and hold as far as real ones are like them."
)
"""Stands beside every attribution."""

SHOWN_VALUES = 3
"""Linked values of a family that are printed; `campaigns.json` holds more."""

SHOWN_PROFILES = 5
"""Profiles whose comparison is printed, likewise."""


def attribution_sentence(attribution: Attribution) -> str:
    """State an attribution in one or two sentences.

    Parameters:
        attribution: Of one group.
    """
    leader = attribution.hypotheses[0]
    kind = f"Most likely {KINDS[leader.kind]} ({share(leader.probability)})."
    if attribution.named:
        best = attribution.profiles[0]
        return (
            f"Grade {attribution.grade}: matches the profile of {attribution.named} "
            f"({', '.join(source.title for source in best.sources)}). {kind}"
        )
    if attribution.grade == "F":
        return f"Grade F: {GRADES['F']}."
    return f"Grade {attribution.grade}: nobody is named. {kind}"


def named_profile(judgement: Judgement) -> ProfileComparison | None:
    """Return the profile that names a group; null where nobody is named.

    Parameters:
        judgement: Of the group.
    """
    found = judgement.attribution
    return found.profiles[0] if found and found.named else None


def role_sentence(role: RoleEvidence, members: int) -> str:
    """Say how many accounts carry a role, and who else does.

    Parameters:
        role: What points to it.
        members: Accounts of the group.
    """
    said = (
        f"{count(len(role.accounts))} of {plural(members, 'account')} carry "
        f"{plural(role.linked_values, 'value')} that members share beyond chance."
    )
    others = max(
        (
            value.outsiders
            for value in role.values
            if value.family in {"payment", "email", "subnet"}
        ),
        default=0,
    )
    if role.role == "network" and others:
        said += (
            f" Up to {plural(others, 'account')} outside the group carry one of them too: "
            "perhaps other customers of the same network."
        )
    return said


def related_sentence(related: RelatedGroup) -> str:
    """Say what another group shares with this one.

    Parameters:
        related: The other group.

    Examples:
        >>> related_sentence(RelatedGroup(group_id="c-2", content_values=0, network_values=3))
        'c-2 shares the provider network (3 values), not the content: two operators may buy there.'
    """
    name = related.group_id
    texts, supply = (
        plural(number, "value") for number in (related.content_values, related.network_values)
    )
    if not related.content_values:
        return (
            f"{name} shares the provider network ({supply}), not the content: two operators may "
            "buy there."
        )
    if not related.network_values:
        return (
            f"{name} shares the content ({texts}), not the provider network: one operator may "
            "buy at two, or the texts are known to others."
        )
    return f"{name} shares content ({texts}) and provider network ({supply}): perhaps one operator."


def few_of_each_family(values: Sequence[LinkedValue]) -> tuple[LinkedValue, ...]:
    """Return the first values of each family, as many as are printed."""
    shown: dict[str, list[LinkedValue]] = {}
    for value in values:
        shown.setdefault(value.family, []).append(value)
    return tuple(value for family in shown.values() for value in family[:SHOWN_VALUES])


def value_text(value: LinkedValue) -> str:
    """Write a linked value; a hash is called one."""
    return f"hash {value.value}" if value.value == value.hash else value.value


def ratio(log10: float) -> str:
    """Write a likelihood ratio as a power of ten.

    Examples:
        >>> ratio(3.26), ratio(-0.3), ratio(-0.01)
        ('10^3.3', '10^-0.3', '10^0.0')
    """
    text = f"{log10:.1f}"
    return f"10^{'0.0' if text == '-0.0' else text}"


def comparison_sentence(comparison: ProfileComparison) -> str:
    """State how a profile fares, corrected for the search."""
    corrected = comparison.log10_likelihood_ratio - comparison.log10_comparisons
    rest = comparison.log10_without_strongest - comparison.log10_comparisons
    strongest = (
        f"; {ratio(rest)} without {comparison.strongest_source}"
        if comparison.strongest_source
        else ""
    )
    return (
        f"{comparison.name}: likelihood ratio {ratio(corrected)}, corrected for "
        f"{plural(round(10**comparison.log10_comparisons), 'comparison')}{strongest}. "
        f"At best grade {comparison.grade}: {comparison.reason}."
    )


def trait_sentence(trait: TraitComparison) -> str:
    """State one trait of a profile against a group."""
    if trait.probability_if_unrelated is None:
        return f"{trait.family}: {trait.status} ({trait.reason})"
    return (
        f"{trait.family}: {trait.status}, {ratio(trait.log10_likelihood_ratio)} "
        f"({trait.reason}; seen again with {share(trait.probability_if_actor)} if it is the actor, "
        f"{share(trait.probability_if_unrelated)} if unrelated)"
    )


_POWERS = {"size", "exchanges per account and day", "output per input", "output length"}
_SHARES = {
    "own content", "elicitation", "never continued", "asked again", "asked by several members",
    "asked by outsiders", "weekend",
}  # fmt: skip


def feature_value(feature: MeasuredFeature) -> str:
    """Write a measurement: shares in per cent, what is kept as a logarithm as a number.

    Examples:
        >>> size = MeasuredFeature(name="size", value=2.0, interval="any", log10_likelihoods={})
        >>> feature_value(size)
        '100'
    """
    if feature.value is None:
        return "\N{EN DASH}"
    if feature.name in _POWERS:
        return f"{10**feature.value:,.3g}" if feature.value < 3 else count(10**feature.value)
    return share(feature.value) if feature.name in _SHARES else f"{feature.value:.1f}"


def favours(feature: MeasuredFeature) -> str:
    """Say which kind a measurement speaks for most, and by how much over the next.

    Examples:
        >>> hours = MeasuredFeature(
        ...     name="hours of the day", value=3.0, interval="any",
        ...     log10_likelihoods={"distiller": -0.2, "reseller": -1.2, "organisation": -1.4})
        >>> favours(hours)
        'distiller, 10^1.0 over the next'
    """
    ranked = sorted(feature.log10_likelihoods.items(), key=lambda item: -item[1])
    if len(ranked) < 2:
        return ""
    return f"{ranked[0][0]}, {ratio(ranked[0][1] - ranked[1][1])} over the next"
