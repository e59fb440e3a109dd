"""A known actor against a group: a likelihood ratio for each family of traits.

Null hypothesis of each family: the group is unrelated to the actor, and its linked values are
drawn as those of a party of this log are. Let W be the share of the group's carriers of linked
values whose value stands in the profile, and q the share of unrelated parties that carry one.
Then E[W] is at most q, and by Markov's inequality the trait is *seen* (W at least one half) with
probability at most 2q. One group is one draw, however many accounts it has: what its members
share, they share for one reason.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.detect.attribution.carried import FAMILIES, Carried, Family, Links, carriers_of
from phalanx.detect.attribution.hours import FEWEST_PICKS, rank_among_parties
from phalanx.detect.attribution.targets import Targets
from phalanx.evidence import mean
from phalanx.model import ActorProfile, TraitComparison

SEEN_SHARE = 0.5
"""W from which a trait counts as seen."""

SIMILAR_RANK = 0.05
"""Share of parties up to which the week of a group counts as like the profile's."""

SIMILAR_IF_UNRELATED = SIMILAR_RANK
"""P(week seen | unrelated): that of a rank. Of 1,197 unrelated comparisons in
simulations one was seen."""

_HOURS_PERSISTENCE = 0.5
_TIMING = "timing"


@dataclass(frozen=True, slots=True)
class Weeks:
    """Hours of the week of one group and of unrelated parties."""

    group: npt.NDArray[np.float64]
    parties: npt.NDArray[np.float64]
    """Shape (parties, 168), only parties with enough picks."""


def seen_share(links: Links, family: Family, targets: Targets) -> float:
    """Return W: the share of carriers of linked values whose value is one of the targets.

    Returns:
        In [0, 1]; 0 where nothing is linked in the family.
    """
    if family not in links or not links[family].value.size:
        return 0.0
    own = links[family]
    return float(own.members[np.isin(own.value, targets.hashes)].sum() / own.members.sum())


@dataclass(frozen=True, slots=True)
class Shown:
    """What all groups and parties of a log show of one family of a profile."""

    carried: Carried
    """Who carries what."""

    shares: Sequence[float]
    """W of every listed group."""

    unlisted: npt.NDArray[np.bool_]
    """Parties in no listed group, shape (parties,)."""


def compare_values(targets: Targets, shown: Shown, number: int) -> TraitComparison:
    """Compare one family of values of a profile with one group.

    q is (k + 1) / (n + 2), Laplace's rule of succession: of n unrelated operators that carry
    anything in the family, k show a value of the profile. An unlisted party is one operator,
    and so is each other listed group, whatever its size; such a group counts in k where it
    shows the trait itself.

    Parameters:
        targets: Hashes to look for.
        shown: The family in this log.
        number: Which listed group is compared.
    """
    carried, mine = shown.carried, shown.shares[number]
    family, persistence = carried.family, targets.persistence
    if targets.unusable:
        return _not_evaluable(family.name, family.source, persistence, targets.unusable)
    if not carried.carriers.any():
        reason = "the log does not show this family"
        return _not_evaluable(family.name, family.source, persistence, reason)
    others = [share for place, share in enumerate(shown.shares) if place != number]
    users = carriers_of(carried, targets.hashes)
    common = int(np.count_nonzero(shown.unlisted[users]))
    common += sum(share >= SEEN_SHARE for share in others)
    operators = int(np.count_nonzero(carried.carriers & shown.unlisted)) + len(others)
    by_chance = min(1.0, (common + 1) / (operators + 2) / SEEN_SHARE)
    if by_chance >= persistence:
        reason = f"too common in this log: {common:,} of {operators:,} unrelated operators"
        return _not_evaluable(family.name, family.source, persistence, reason)
    return _compared(
        family.name,
        family.source,
        seen=mine >= SEEN_SHARE,
        probabilities=(persistence, by_chance),
        reason=f"{mine:.0%} of what members share here is in the profile; {common:,} of "
        f"{operators:,} unrelated operators show it",
    )


def compare_hours(profile: ActorProfile, weeks: Weeks) -> TraitComparison:
    """Compare the hours of the week, by the rank of the group among unrelated parties."""
    persistence = next(
        (trait.persistence for trait in profile.traits if trait.family == "hours"),
        _HOURS_PERSISTENCE,
    )
    if weeks.group.sum() < FEWEST_PICKS or len(weeks.parties) < 1.0 / SIMILAR_RANK:
        reason = "too few exchanges, or too few parties to rank it among"
        return _not_evaluable("hours", _TIMING, persistence, reason)
    shares = np.array(profile.hours_of_week)
    rank = rank_among_parties(weeks.group, weeks.parties, shares / shares.sum())
    return _compared(
        "hours",
        _TIMING,
        seen=rank <= SIMILAR_RANK,
        probabilities=(persistence, SIMILAR_IF_UNRELATED),
        reason=f"{rank:.1%} of {len(weeks.parties):,} parties keep hours as like the profile's",
    )


def _compared(
    family: str, source: str, *, seen: bool, probabilities: tuple[float, float], reason: str
) -> TraitComparison:
    if_actor, if_unrelated = probabilities
    ratio = if_actor / if_unrelated if seen else (1.0 - if_actor) / (1.0 - if_unrelated)
    return TraitComparison(
        family=family,
        source=source,
        status="seen" if seen else "not seen",
        reason=reason,
        probability_if_actor=if_actor,
        probability_if_unrelated=if_unrelated,
        log10_likelihood_ratio=math.log10(ratio),
    )


def _not_evaluable(family: str, source: str, persistence: float, reason: str) -> TraitComparison:
    return TraitComparison(
        family=family,
        source=source,
        status="not evaluable",
        reason=reason,
        probability_if_actor=persistence,
        probability_if_unrelated=None,
        log10_likelihood_ratio=0.0,
    )


def by_source(traits: Sequence[TraitComparison]) -> dict[str, float]:
    """Average the likelihood ratios of each source, log 10; families that say nothing count not.

    One innocent cause would explain all families of one source.

    Examples:
        >>> pair = [_compared(f, "identity", seen=s, probabilities=(0.5, 0.005), reason="")
        ...     for f, s in (("email", True), ("payment", False))]
        >>> round(by_source(pair)["identity"], 2)
        1.7
    """
    logs: dict[str, list[float]] = {}
    for trait in traits:
        if trait.status != "not evaluable":
            logs.setdefault(trait.source, []).append(trait.log10_likelihood_ratio)
    return {source: mean(values) for source, values in logs.items()}


FAMILY_OF: Mapping[str, Family] = {family.name: family for family in FAMILIES}
"""Name of a family -> the family."""
