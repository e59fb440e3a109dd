"""What changes on a page about one account when some evidence does not count, in words."""

from __future__ import annotations

from phalanx.detect.appeals import Appeal
from phalanx.detect.appeals.result import Counterfactual, ListName, SmallestSets
from phalanx.detect.rules import all_rules
from phalanx.formats.notation import e_value

LISTS: dict[ListName, str] = {
    "campaign": "campaign",
    "authorised": "authorised group",
    "undeclared_pool": "undeclared pool",
    "suspicious_party": "suspicious party",
    "not_judged": "not judged",
    "none": "no list",
}
"""Name of each list as people read it."""

NONE = "\N{EN DASH}"
"""Stands for what is not known, and for next to nothing."""

NOTHING_LOST = 0.05
"""Powers of ten below which a difference is next to nothing."""

_MINUS = "\N{MINUS SIGN}"
_SURE = 0.9995
_SETS_SHOWN = 4


def rule_name(rule_id: str) -> str:
    """Return the name of a rule, or its identifier where this version does not know it.

    Examples:
        >>> rule_name("PHX-D002"), rule_name("PHX-D999")
        ('Shared payment', 'PHX-D999')
    """
    return next((rule.name for rule in all_rules() if rule.rule_id == rule_id), rule_id)


def look_alikes(rule_id: str) -> str:
    """Return what else could explain a rule's evidence honestly.

    Examples:
        >>> look_alikes("PHX-D007")
        'a class that registers in one lesson, a launch, a hackathon.'
    """
    return next((rule.look_alikes for rule in all_rules() if rule.rule_id == rule_id), "")


def chance(probability: float) -> str:
    """Write a probability without claiming certainty.

    Examples:
        >>> chance(0.99999), chance(0.857), chance(0.0)
        ('over 99.9 %', '85.7 %', 'under 0.1 %')
    """
    if probability >= _SURE:
        return "over 99.9 %"
    if probability < 1.0 - _SURE:
        return "under 0.1 %"
    return f"{100.0 * probability:.1f} %"


def listed(case: Counterfactual) -> str:
    """Write the list that an account would stand on, with both outcomes where they differ.

    Parameters:
        case: A recomputed judgement.
    """
    formed, unformed = LISTS[case.listed_as], LISTS[case.listed_as_if_unformed]
    if case.by_another_group and case.listed_as != "none":
        formed += ", by another group that it is in"
    if case.listed_as == case.listed_as_if_unformed:
        return formed
    return f"{formed}; {unformed} if no group had formed with it"


def taken_away(case: Counterfactual, recorded: Counterfactual) -> str:
    """Write how much evidence a removal takes away; a dash for next to nothing.

    Parameters:
        case: A recomputed judgement.
        recorded: The judgement as it stands.
    """
    lost = recorded.log10_e_apart - case.log10_e_apart
    return NONE if abs(lost) < NOTHING_LOST else f"{-lost:+.1f}".replace("-", _MINUS)


def without_account(appeal: Appeal) -> str:
    """Say what the group's evidence is without this account; empty where nothing was kept.

    Parameters:
        appeal: The page.
    """
    pair = appeal.recomputed.without_account if appeal.recomputed else None
    if pair is None:
        return ""
    lost = pair.log10_e_with - pair.log10_e_without
    meaning = (
        "its presence adds evidence on the others."
        if lost > NOTHING_LOST
        else "the finding on the others does not rest on it."
    )
    return (
        "At the end of the log the listed parties show "
        f"{e_value(pair.log10_e_with)} against “operated apart”, and "
        f"{e_value(pair.log10_e_without)} without this account: {meaning}"
    )


def smallest(sets: SmallestSets, confident: float) -> str:
    """Say without which fewest links an account would leave a list.

    Parameters:
        sets: All sets of the smallest size.
        confident: Probability of membership below which an account is not listed.
    """
    leaves = "the list of campaigns" if sets.leaves == "campaigns" else sets.leaves
    if not sets.sets:
        return f"No set of links takes it off {leaves}."
    ways = []
    for case in sets.sets[:_SETS_SHOWN]:
        names = " and ".join(rule_name(rule) for rule in case.removed)
        doubted = case.confidence is not None and case.confidence < confident
        ways.append(
            f"{names} (membership then {chance(case.confidence or 0.0)})" if doubted else names
        )
    more = len(sets.sets) - len(ways)
    rest = f"; or {more} more of that size" if more else ""
    return f"It leaves {leaves} without {'; or without '.join(ways)}{rest}."
