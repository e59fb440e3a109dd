"""The evidence of one group, line by line."""

from __future__ import annotations

from phalanx.detect.apart import FamilyEvidence, FamilyTest
from phalanx.detect.honest import (
    HarvestLikeUse,
    HonestEvidence,
)
from phalanx.detect.track import Track
from phalanx.evidence import OddsTest, UrnTest
from phalanx.model import Evidence

APART_NULL = (
    "The parties are operated apart: within a country (within a network operator, for "
    "addresses) values of this family are exchangeable between parties."
)
TURN_NULL = (
    "The parties are operated apart: on one day the refusals of a party fall on requests that "
    "it shared first as they fall on those that it shared second."
)
ALIKE_NULL = (
    "The parties are operated apart: what they write is exchangeable with what parties of their "
    "country write that are known by as many prompts."
)
HONEST_NULL = (
    "The operator is drawn from the same population as operators of like volume on the same days."
)
_FORMED_BY = {
    "content": "The group was formed by what its parties send; this family took no part in it.",
    "identity": "The group was formed by who pays and registers from where; "
    "this family took no part in it.",
    "birth": "The group was formed by when its parties registered; this family took no part in it.",
    "mark": "The group was formed by marks that another provider shared, and by who pays and "
    "registers from where; this family took no part in it, nor did the marks in the evidence.",
    "template_mark": "The group was formed by templates that another provider shared; this family "
    "took no part in it, nor did the marks in the evidence.",
}


def evidence_lines(track: Track) -> tuple[Evidence, ...]:
    """Return the evidence at the last look, strongest first.

    Values of single families are those of the last look, before they are averaged within
    a source, multiplied over sources, tempered by size, and spread over looks.
    """
    # A family whose values no member carries says nothing, and is left out.
    lines = [_apart(line, track) for line in track.apart_lines if _sample_size(line.finest)]
    if track.honest is not None:
        lines.append(honest_line(track.honest))
    return tuple(sorted(lines, key=lambda line: (-line.log10_e, line.rule_id)))


def _sample_size(test: FamilyTest) -> int:
    """Return how many members carry a value, or how many requests were handed over."""
    return test.first if isinstance(test, OddsTest) else test.members


def _apart(line: FamilyEvidence, track: Track) -> Evidence:
    test = line.finest
    if isinstance(test, UrnTest):
        null, population = APART_NULL, test.population
        method = "Polya urn against multivariate hypergeometric, version 1"
        observation = (
            f"{_counted(test.members, 'party carries', 'parties carry')} "
            f"{_counted(test.distinct_values, 'distinct value', 'distinct values')}; "
            f"{_counted(test.largest_share, 'has', 'share')} the most frequent one"
        )
    elif isinstance(test, OddsTest):
        null, population = TURN_NULL, test.second
        method = "Fisher's noncentral hypergeometric against the central one, version 1"
        observation = (
            f"of {_counted(test.first, 'request', 'requests')} that a second member sent within "
            f"a minute of the first, {test.first_marked} had been turned away; "
            f"{test.second_marked} of the second ones were"
        )
    else:
        null, population = ALIKE_NULL, test.compared
        method = "Sequential ranks along the witness of the members before, version 1"
        observation = (
            f"of {_counted(test.members, 'member', 'members')}, each ranked by how it "
            f"resembles those before it, {test.ahead} ranked in the first tenth"
        )
    return Evidence(
        rule_id=line.family.rule_id,
        name=line.family.name,
        family=line.family.source,
        null_hypothesis=null,
        observation=observation,
        log10_e=line.log10_e,
        reachable_log10_e=None,
        sample_size=_sample_size(test),
        reference_size=population,
        method=method,
        assumptions=(
            _FORMED_BY[track.route],
            "Sources are independent of each other under the null.",
        ),
        decisive=True,
    )


def honest_line(honest: HonestEvidence) -> Evidence:
    """Return the line of the honest-use test."""
    habits = "; ".join(
        f"{name} {share:.0%} (reference median {honest.reference_habits[name]:.0%})"
        for name, share in honest.habits.items()
    )
    return Evidence(
        rule_id=HarvestLikeUse.rule_id,
        name=HarvestLikeUse.name,
        family=HarvestLikeUse.source,
        null_hypothesis=HONEST_NULL,
        observation=habits or "too few exchanges after the group was formed",
        log10_e=honest.log10_e,
        reachable_log10_e=honest.reachable_log10_e,
        sample_size=honest.members,
        reference_size=honest.reference_size,
        method="sequential conformal bet on habits, version 1",
        assumptions=_assumptions(honest),
        decisive=True,
    )


def _assumptions(honest: HonestEvidence) -> tuple[str, ...]:
    """Say what the honest-use test assumes; a pool of one is no pool."""
    exchangeable = "Under the null each party is exchangeable with parties of like volume."
    if honest.members < 2:
        return (exchangeable,)
    return (
        exchangeable,
        (
            f"An honest pool of {honest.members} parties behaves like at least "
            f"{honest.independent_members:.1f} independent users, each of about as many parties."
        ),
        (
            "If instead all members were one honest operator that did not declare itself, "
            f"the evidence would be 10^{honest.log10_e_one_operator:.1f}."
        ),
    )


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
