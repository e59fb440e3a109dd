"""One group of a scan, as text and as JSON."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator
from unicodedata import category

from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from phalanx.detect.result import ScanResult
from phalanx.formats.json import to_text
from phalanx.model import (
    AuthorisedGroup,
    Campaign,
    GroupFacts,
    Judgement,
    NotJudged,
    SuspiciousParty,
    UndeclaredPool,
)

Group = Campaign | AuthorisedGroup | UndeclaredPool | SuspiciousParty | NotJudged

_COLUMNS = 100
_MEMBERS_SHOWN = 20
_KINDS: dict[type, str] = {
    Campaign: "campaign",
    AuthorisedGroup: "authorised group",
    UndeclaredPool: "undeclared pool",
    SuspiciousParty: "suspicious party",
    NotJudged: "not judged",
}


def find_groups(result: ScanResult, beginning: str) -> list[Group]:
    """Return the groups of any list whose identifier is, or else begins with, some text.

    Parameters:
        result: A scan.
        beginning: What was asked for.
    """
    groups = list(_groups(result))
    exact = [group for group in groups if group_id(group) == beginning]
    return exact or [group for group in groups if group_id(group).startswith(beginning)]


def group_id(group: Group) -> str:
    """Return the identifier of a group, whatever its list."""
    match group:
        case Campaign():
            return group.campaign_id
        case SuspiciousParty():
            return group.party_id
        case _:
            return group.group_id


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
    console.print(f"{_KINDS[type(group)]} {group_id(group)}")
    match group:
        case NotJudged():
            _print_not_judged(console, group)
        case _:
            _print_judgement(console, group.judgement)
            _print_facts(console, group.facts)
            _print_evidence(console, group.judgement)
            _print_links(console, result, group)
            _print_members(console, group.facts)
    match group:
        case Campaign():
            _print_consequences(console, group)
        case AuthorisedGroup():
            console.print(f"\ngrants: {', '.join(group.grant_ids)}")
    return _without_control_characters(sink.getvalue())


def _without_control_characters(text: str) -> str:
    """Keep text from the log from steering a terminal."""
    return "".join("\ufffd" if category(c) == "Cc" and c != "\n" else c for c in text)


def _groups(result: ScanResult) -> Iterator[Group]:
    yield from result.campaigns
    yield from result.authorised
    yield from result.undeclared_pools
    yield from result.suspicious_parties
    yield from result.not_judged


def _print_not_judged(console: Console, group: NotJudged) -> None:
    console.print(f"reason: {group.reason}")
    console.print(f"log10 e reachable: {group.reachable_log10_e:.1f}")
    console.print(f"log10 e apart {group.log10_e_apart:.1f}, honest {group.log10_e_honest:.1f}")
    console.print(f"accounts: {len(group.accounts):,}")
    for account in group.accounts[:_MEMBERS_SHOWN]:
        console.print(f"  {account}")


def _print_judgement(console: Console, judgement: Judgement) -> None:
    console.print(
        f"log10 e {judgement.log10_e:.1f} (apart {judgement.log10_e_apart:.1f}, "
        f"honest {judgement.log10_e_honest:.1f}; needed {judgement.threshold_log10_e:.1f})"
    )
    discovered = judgement.discovered_on or "never passed the level"
    console.print(f"formed on {judgement.formed_on}, discovered on {discovered}")


def _print_facts(console: Console, facts: GroupFacts) -> None:
    console.print(
        f"{len(facts.members):,} accounts of {facts.parties:,} parties, "
        f"{facts.exchanges:,} exchanges, {facts.output_tokens:,} tokens served, "
        f"{facts.first_seen:%Y-%m-%d %H:%M} to {facts.last_seen:%Y-%m-%d %H:%M}"
    )
    models = ", ".join(f"{name} {count:,}" for name, count in facts.models.items())
    console.print(f"models: {models}")
    shares = sorted(facts.capabilities.items(), key=lambda item: -item[1])
    console.print("targets: " + ", ".join(f"{name} {share:.0%}" for name, share in shares))
    for template in facts.templates:
        console.print(f"template: {template}")


def _print_evidence(console: Console, judgement: Judgement) -> None:
    table = Table("rule", "seen", "log10 e", "of", "reference", title="evidence", box=None)
    for line in judgement.evidence:
        reachable = "" if line.reachable_log10_e is None else f"{line.reachable_log10_e:.1f}"
        table.add_row(
            line.rule_id,
            f"{line.name}: {line.observation}" + ("" if line.decisive else " (context)"),
            f"{line.log10_e:.1f}",
            reachable,
            f"{line.reference_size:,}",
        )
    console.print()
    console.print(table)


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
    table = Table("account", "role", "confidence", "exchanges", title="accounts", box=None)
    for member in facts.members[:_MEMBERS_SHOWN]:
        table.add_row(
            member.account_id, member.role, f"{member.confidence:.2f}", f"{member.exchanges:,}"
        )
    console.print()
    console.print(table)
    if len(facts.members) > _MEMBERS_SHOWN:
        console.print(f"and {len(facts.members) - _MEMBERS_SHOWN:,} more; --format json has all")


def _print_consequences(console: Console, campaign: Campaign) -> None:
    harm = campaign.harm
    console.print(
        f"\nharm, estimated: {harm.output_tokens:,} tokens served, "
        f"{harm.estimated_cost_usd:,.0f} USD at the price list"
    )
    for name, share in harm.share_of_known_sets.items():
        console.print(f"  {share:.1%} of the size of {name}")
    console.print("\nsteps that the evidence supports, mildest first:")
    for action in campaign.actions:
        console.print(f"  {action.kind} ({action.accounts:,} accounts): {action.reason}")
