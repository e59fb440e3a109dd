"""Who may stand behind one group, as text."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from phalanx.formats.attribution_wording import (
    GRADES,
    NOT_NAMING,
    ROLES,
    SHOWN_PROFILES,
    attribution_sentence,
    comparison_sentence,
    favours,
    feature_value,
    few_of_each_family,
    related_sentence,
    role_sentence,
    trait_sentence,
    value_text,
)
from phalanx.formats.notation import p_value, share
from phalanx.model import Attribution


def print_attribution(console: Console, attribution: Attribution, members: int) -> None:
    """Print an attribution: grade, kinds, roles, known actors.

    Parameters:
        console: Where to.
        attribution: Of one group.
        members: Accounts of the group.
    """
    console.print("\nwho may stand behind it")
    console.print(attribution_sentence(attribution))
    console.print(f"{GRADES[attribution.grade]}. Why this grade: {attribution.reason}")
    _print_kinds(console, attribution)
    _print_roles(console, attribution, members)
    for comparison in attribution.profiles[:SHOWN_PROFILES]:
        console.print(f"\n{comparison_sentence(comparison)}")
        for trait in comparison.traits:
            console.print(f"  {trait_sentence(trait)}")
        for source in comparison.sources:
            console.print(f"  source: {source.title}, {source.date} {source.url}".rstrip())
    console.print(NOT_NAMING)


def _print_kinds(console: Console, attribution: Attribution) -> None:
    table = Table("kind of operator", "after", "before", "log10 likelihood", box=None)
    for each in attribution.hypotheses:
        table.add_row(
            each.kind, share(each.probability), share(each.prior), f"{each.log10_likelihood:.1f}"
        )
    console.print(table)
    table = Table("measured", "value", "interval", "speaks for", box=None)
    for feature in attribution.features:
        table.add_row(feature.name, feature_value(feature), feature.interval, favours(feature))
    console.print(table)


def _print_roles(console: Console, attribution: Attribution, members: int) -> None:
    for role in attribution.roles:
        console.print(f"\n{ROLES[role.role]}: {role_sentence(role, members)}")
        table = Table("family", "value", "members", "outsiders", "p, by chance", box=None)
        for value in few_of_each_family(role.values):
            table.add_row(
                value.family,
                value_text(value),
                f"{value.accounts:,}",
                f"{value.outsiders:,}",
                p_value(value.log10_p),
            )
        console.print(table)
    for related in attribution.related:
        console.print(related_sentence(related))
