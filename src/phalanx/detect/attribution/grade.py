"""Grades A to F: never better than the weakest required part allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from phalanx.detect.attribution.comparison import by_source
from phalanx.model import (
    ActorProfile,
    Grade,
    Hypothesis,
    ProfileComparison,
    RoleEvidence,
    TraitComparison,
)

LEVEL_NAMED = 3.0
"""log 10 of the corrected likelihood ratio that any name needs."""

LEVEL_A, LEVEL_B, LEVEL_C = 4.0, 2.0, 1.0
"""log 10 of the corrected ratio without the strongest source that each grade needs."""

FEWEST_SOURCES = 2
"""Sources of evidence in which a trait must be seen before anybody is named."""

UNIQUE_LOG10 = 2.0
"""A second actor must be so much less likely, or neither is named."""

TOGETHER_A, TOGETHER_B = 4.0, 2.0
"""Evidence that one operator stands behind the group, log 10 e, for grades A and B."""

SURE, LEADING = 0.9, 0.5
"""Probability of a kind of operator from which it stands out (D), or leads (E)."""

_ORDER: tuple[Grade, ...] = ("A", "B", "C", "D", "E", "F")


def worst(grades: Sequence[Grade]) -> Grade:
    """Return the worst of some grades.

    Examples:
        >>> worst(["A", "C", "B"])
        'C'
    """
    return max(grades, key=_ORDER.index)


def is_name(grade: Grade) -> bool:
    """Say whether a grade names somebody: C or better."""
    return _ORDER.index(grade) <= _ORDER.index("C")


def graded_comparison(
    profile: ActorProfile,
    traits: Sequence[TraitComparison],
    comparisons: int,
    log10_e_apart: float,
    active: tuple[date, date],
) -> ProfileComparison:
    """Add up the traits of one profile and grade the match.

    Parameters:
        profile: The known actor.
        traits: Its traits, each against the group.
        comparisons: Profiles times groups, which is how often a match was looked for.
        log10_e_apart: Evidence that the group has one operator.
        active: First and last day (UTC) of the group in this log.
    """
    sources = by_source(traits)
    strongest = max(sources, key=lambda source: sources[source], default="")
    total = math.fsum(sources.values())
    rest = total - sources.get(strongest, 0.0)
    searched = math.log10(comparisons)
    parts = [
        _by_ratio(total - searched, rest - searched),
        _by_sources(profile, traits),
        _by_operation(log10_e_apart),
        _by_origin(profile, active),
    ]
    grade = worst([part for part, _ in parts])
    return ProfileComparison(
        name=profile.name,
        aliases=profile.aliases,
        role=profile.role,
        sources=profile.sources,
        traits=tuple(traits),
        log10_likelihood_ratio=total,
        log10_without_strongest=rest,
        strongest_source=strongest,
        log10_comparisons=searched,
        grade=grade,
        reason=next(reason for part, reason in parts if part == grade),
    )


def _by_ratio(total: float, rest: float) -> tuple[Grade, str]:
    """Grade the corrected ratios, with and without the strongest source."""
    if total < LEVEL_NAMED:
        return "D", f"corrected likelihood ratio 10^{total:.1f}, and 10^{LEVEL_NAMED:.0f} is needed"
    reason = f"without its strongest source the corrected ratio is 10^{rest:.1f}"
    if rest >= LEVEL_A:
        return "A", reason
    if rest >= LEVEL_B:
        return "B", reason
    return ("C" if rest >= LEVEL_C else "D"), reason


def _by_sources(profile: ActorProfile, traits: Sequence[TraitComparison]) -> tuple[Grade, str]:
    """Require two sources, and content before an operator is named."""
    seen = {trait.source for trait in traits if trait.status == "seen"}
    content = {"template", "system prompt", "parameters"}
    if len(seen) < FEWEST_SOURCES:
        return "D", "traits were seen in fewer than two sources of evidence"
    if profile.role == "operator" and not any(
        trait.status == "seen" and trait.family in content for trait in traits
    ):
        return "D", "only the supply of accounts matches: the provider network, not the operator"
    return "A", "traits were seen in two sources or more"


def _by_operation(log10_e_apart: float) -> tuple[Grade, str]:
    reason = f"evidence that the group has one operator: 10^{log10_e_apart:.1f}"
    if log10_e_apart >= TOGETHER_A:
        return "A", reason
    return ("B" if log10_e_apart >= TOGETHER_B else "C"), reason


def _by_origin(profile: ActorProfile, active: tuple[date, date]) -> tuple[Grade, str]:
    """Give no name where the profile may have been drafted from this very group."""
    first, last = profile.drafted_from, profile.drafted_until
    if first is None or last is None or active[1] < first or last < active[0]:
        return "A", "the profile does not come from the days of this group"
    return "D", f"it was drafted from a group of {first} to {last}, which may be this one"


def final_grade(
    comparisons: Sequence[ProfileComparison],
    hypotheses: Sequence[Hypothesis],
    roles: Sequence[RoleEvidence],
) -> tuple[Grade, str, str | None]:
    """Return the grade of an attribution, why, and the name where one is given.

    Parameters:
        comparisons: Profiles, best first.
        hypotheses: Kinds of operator, most probable first.
        roles: Roles that linked values point to.
    """
    without_name = _kind_grade(hypotheses, roles)
    named = [each for each in comparisons if is_name(each.grade)]
    if not named:
        if not comparisons:
            return (*without_name, None)
        best = comparisons[0]
        reason = f"{without_name[1]}; no profile matched: {best.name} came nearest ({best.reason})"
        return without_name[0], reason, None
    best = named[0]
    rivals = [each for each in named[1:] if each.role == best.role and each.name != best.name]
    if rivals and best.log10_likelihood_ratio - rivals[0].log10_likelihood_ratio < UNIQUE_LOG10:
        reason = f"two profiles match alike: {best.name} and {rivals[0].name}; {without_name[1]}"
        return without_name[0], reason, None
    return best.grade, f"{best.name} matches; {best.reason}", best.name


def _kind_grade(
    hypotheses: Sequence[Hypothesis], roles: Sequence[RoleEvidence]
) -> tuple[Grade, str]:
    leader = hypotheses[0]
    if leader.probability >= SURE:
        return "D", f"kind of operator: {leader.kind} at {leader.probability:.0%}"
    if leader.probability >= LEADING:
        return "E", f"kind of operator: {leader.kind} leads, at {leader.probability:.0%} only"
    if roles:
        return "E", "no kind of operator leads; linked values point to a role"
    return "F", "no kind of operator leads, and no value is linked"
