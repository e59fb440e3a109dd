"""One group of a scan, as text and as JSON."""

from __future__ import annotations

import io
from collections import defaultdict

from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from phalanx.cli.attribution_view import print_attribution
from phalanx.detect.result import ScanResult
from phalanx.formats.basis import bases_of, with_basis
from phalanx.formats.groups import KINDS, Group, group_id, groups_of
from phalanx.formats.json import to_text
from phalanx.formats.marks_wording import marks_sentence
from phalanx.formats.notation import (
    e_value,
    minute,
    money_usd,
    p_value,
    plural,
    share,
    short_count,
)
from phalanx.formats.wording import (
    against_known_set,
    grants_sentence,
    how_lines_add_up,
    level,
    mixed_sentence,
    nearness,
    operated_apart,
    price_basis,
    used_honestly,
    whose_evidence,
)
from phalanx.model import (
    AuthorisedGroup,
    Campaign,
    GroupFacts,
    Judgement,
    NotJudged,
    UndeclaredPool,
)
from phalanx.printable import printable

_COLUMNS = 100
_MEMBERS_SHOWN = 20


def find_groups(result: ScanResult, beginning: str) -> list[Group]:
    """Return the groups of any list whose identifier is, or else begins with, some text.

    Parameters:
        result: A scan.
        beginning: What was asked for; `C1` is the first campaign, as in the report.
    """
    groups = list(groups_of(result))
    short = {f"C{place}": campaign for place, campaign in enumerate(result.campaigns, start=1)}
    exact = [group for group in groups if group_id(group) == beginning]
    if not exact and beginning in short:
        return [short[beginning]]
    return exact or [group for group in groups if group_id(group).startswith(beginning)]


def record(group: Group) -> str:
    """Return a group as a JSON document, as it stands in `campaigns.json`."""
    return to_text(TypeAdapter(type(group)).dump_python(group, mode="json"))


def describe(result: ScanResult, group: Group) -> str:
    """Return what is known of a group as text for people.

    Parameters:
        result: The scan that it is from.
        group: The group.
    """
    sink = io.StringIO()
    console = Console(file=sink, width=_COLUMNS, color_system=None, markup=False, highlight=False)
    console.print(f"{KINDS[type(group)]} {group_id(group)}")
    match group:
        case NotJudged():
            _print_not_judged(console, group)
        case _:
            _print_judgement(console, group.judgement, group.facts)
            _print_facts(console, group.facts)
            if group.facts.marks:
                console.print(f"marks: {marks_sentence(group.facts, group.judgement)}")
            _print_evidence(console, group.judgement, group.facts)
            if group.judgement.attribution:
                print_attribution(console, group.judgement.attribution, len(group.facts.members))
            _print_links(console, result, group)
            _print_members(console, group.facts)
    match group:
        case Campaign():
            _print_consequences(console, result, group)
        case UndeclaredPool() if nearness(group.judgement):
            console.print(f"\n{nearness(group.judgement)}")
        case AuthorisedGroup():
            console.print(f"\ngrants: {', '.join(group.grant_ids)}")
    return _without_control_characters(sink.getvalue())


def _without_control_characters(text: str) -> str:
    """Keep text from the log from steering a terminal."""
    return printable(text, keep="\n")


def _print_not_judged(console: Console, group: NotJudged) -> None:
    console.print(f"reason: {group.reason}")
    console.print(
        f"e-value against operated apart {operated_apart(group)}, against used honestly "
        f"{used_honestly(group)}; {e_value(group.reachable_log10_e)} was within reach"
    )
    console.print(plural(len(group.accounts), "account"))
    for account in group.accounts[:_MEMBERS_SHOWN]:
        console.print(f"  {account}")


def _print_judgement(console: Console, judgement: Judgement, facts: GroupFacts) -> None:
    console.print(
        f"e-value {e_value(judgement.log10_e)} (operated apart: "
        f"{e_value(judgement.log10_e_apart)}; used honestly: {used_honestly(judgement)}; "
        f"level {level(judgement)}), "
        f"p {p_value(min(0.0, -judgement.log10_e))}"
    )
    if whose_evidence(judgement):
        console.print(whose_evidence(judgement))
    found, served = judgement.discovered_at, judgement.served_before_discovery
    discovered = f"discovered at {minute(found)} UTC" if found else "never passed the level"
    if served is not None and facts.exchanges:
        part = share(served / facts.exchanges)
        discovered += f", after {plural(served, 'exchange')} ({part} of all) had been served"
    console.print(f"formed at {minute(judgement.formed_at)} UTC, {discovered}")


def _print_facts(console: Console, facts: GroupFacts) -> None:
    console.print(
        f"{plural(len(facts.members), 'account')} of {plural(facts.parties, 'party')}, "
        f"{plural(facts.exchanges, 'exchange')}, {short_count(facts.output_tokens)} tokens served, "
        f"{facts.first_seen:%Y-%m-%d %H:%M} to {facts.last_seen:%Y-%m-%d %H:%M}"
    )
    models = ", ".join(f"{name} {count:,}" for name, count in facts.models.items())
    console.print(f"models: {models}")
    shares = sorted(facts.capabilities.items(), key=lambda item: -item[1])
    console.print("targets: " + ", ".join(f"{name} {share(part)}" for name, part in shares))
    if mixed_sentence(facts):
        console.print(mixed_sentence(facts))
    for template in facts.templates:
        console.print(f"template: {template}")


def _print_evidence(console: Console, judgement: Judgement, facts: GroupFacts) -> None:
    columns = ("rule", "seen", "e-value", "p-value", "within reach", "reference", "basis")
    table = Table(*columns, title="evidence", box=None)
    lines = with_basis(judgement.evidence)
    for line, basis in lines:
        reach = line.reachable_log10_e
        table.add_row(
            line.rule_id,
            f"{line.name}: {line.observation}" + ("" if line.decisive else " (context)"),
            e_value(line.log10_e),
            p_value(line.log10_p),
            "unbounded" if reach is None else e_value(reach),
            f"{line.reference_size:,}",
            basis.letter,
        )
    console.print()
    console.print(table)
    console.print(how_lines_add_up(judgement, facts.parties))
    for basis in bases_of(lines):
        console.print(
            f"basis {basis.letter}: if nothing were wrong: {basis.null_hypothesis} Assumes: "
            f"{' '.join(basis.assumptions) or 'nothing beyond that.'} Method: {basis.method}."
        )


def _print_links(console: Console, result: ScanResult, group: Group) -> None:
    links = result.links.select(["group_id", "family", "log_likelihood_ratio"]).to_pylist()
    weights: dict[str, list[float]] = defaultdict(list)
    for link in links:
        if link["group_id"] == group_id(group):
            weights[link["family"]].append(link["log_likelihood_ratio"])
    if not weights:
        return
    table = Table("family", "links", "strongest", title="links (log-likelihood ratio)", box=None)
    for family, ratios in sorted(weights.items(), key=lambda item: -max(item[1])):
        table.add_row(family, f"{len(ratios):,}", f"{max(ratios):.1f}")
    console.print()
    console.print(table)


def _print_members(console: Console, facts: GroupFacts) -> None:
    marks = ("marks of",) if facts.marks else ()
    columns = ("account", "role", "confidence", "exchanges", *marks)
    table = Table(*columns, title="accounts", box=None)
    for member in facts.members[:_MEMBERS_SHOWN]:
        table.add_row(
            member.account_id,
            member.role,
            f"{member.confidence:.2f}",
            f"{member.exchanges:,}",
            *([", ".join(member.marks)] if marks else []),
        )
    console.print()
    console.print(table)
    if len(facts.members) > _MEMBERS_SHOWN:
        console.print(f"and {len(facts.members) - _MEMBERS_SHOWN:,} more; --format json has all")


def _print_consequences(console: Console, result: ScanResult, campaign: Campaign) -> None:
    if campaign.grants:
        console.print(f"\ngrants consulted: {grants_sentence(campaign)}")
    harm = campaign.harm
    console.print(
        f"\nharm, estimated: {short_count(harm.output_tokens)} tokens served, "
        f"{money_usd(harm.estimated_cost_usd)} {price_basis(result)}"
    )
    for name, part in harm.share_of_known_sets.items():
        console.print(f"  {name}: {against_known_set(part)}")
    console.print("\nsteps that the evidence supports, mildest first:")
    for action in campaign.actions:
        console.print(f"  {action.kind} ({plural(action.accounts, 'account')}): {action.reason}")
