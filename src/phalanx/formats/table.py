"""Tables for people at a terminal: colours on one, plain text anywhere else."""

from __future__ import annotations

import io
import math
import shutil
import sys

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from phalanx.detect.result import ScanResult
from phalanx.formats.marks_wording import marks_sentence, marks_summary
from phalanx.formats.notation import (
    count,
    e_value,
    expected_members,
    minute,
    p_value,
    plural,
    share,
    short_count,
)
from phalanx.formats.reasons import became_of_the_others, by_reason
from phalanx.formats.wording import (
    MIXED_MEANING,
    PARTIES,
    REACH,
    grants_sentence,
    level,
    nearness,
    privacy,
    promise,
    smallness,
    summary,
    used_honestly,
)
from phalanx.model import Campaign
from phalanx.printable import printable

PLAIN_WIDTH = 120
"""Columns of the text where no terminal says how many it has."""

_WIDE = 100
"""Columns from which on a campaign's tokens and targets fit beside the rest."""

_EXAMPLES = 3
_MIXED_SHOWN = 10
"""Groups named for each reason why they were not judged."""


def render(result: ScanResult, *, width: int | None = None, colour: bool | None = None) -> str:
    """Write the result as tables.

    Parameters:
        result: What the scan found.
        width: Columns of the text, at least 40; null takes those of the terminal.
        colour: Whether to write escape sequences; null asks standard output.
    """
    on_terminal = sys.stdout.isatty()
    if width is None:
        width = shutil.get_terminal_size().columns if on_terminal else PLAIN_WIDTH
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=on_terminal if colour is None else colour,
        legacy_windows=False,
        highlight=False,
    )
    for part in _parts(result, wide=width >= _WIDE):
        console.print(part)
    text = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _parts(result: ScanResult, *, wide: bool) -> list[RenderableType]:
    parts: list[RenderableType] = [Text(summary(result), style="bold"), Text(promise(result))]
    if smallness(result):
        parts.append(Text(smallness(result)))
    if marks_summary(result):
        parts.append(Text(marks_summary(result)))
    if result.campaigns:
        parts += ["", _campaigns(result, wide=wide)]
    if result.undeclared_pools:
        parts.append(_pools(result))
    if result.suspicious_parties:
        parts.append(_parties(result))
    if result.authorised:
        parts.append(_authorised(result))
    if result.mixed_accounts:
        parts.append(_mixed(result))
    if result.not_judged:
        parts.append(_not_judged(result))
    return [*parts, "", _quality(result)]


def _table(*columns: str) -> Table:
    """Start a table. A column `name>` stands right; the last one may wrap."""
    table = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
    for column in columns:
        # Identifiers and numbers are never cut: people paste them into commands.
        table.add_column(
            column.removesuffix(">"),
            justify="right" if column.endswith(">") else "left",
            no_wrap=column != columns[-1],
            overflow="fold",
        )
    return table


def _text(words: str) -> Text:
    """Return words from outside without the control characters that could steer a terminal."""
    return Text(printable(words))


def _titled(title: str, table: Table) -> Group:
    return Group("", Text(title, style="bold"), table)


def _campaigns(result: ScanResult, *, wide: bool) -> Group:
    extra = ("tokens out>", "targets") if wide else ()
    table = _table("campaign", "accounts>", "exchanges>", "apart>", "honest>", "found", *extra)
    for campaign in result.campaigns:
        table.add_row(*map(_text, _campaign_row(campaign, wide=wide)))
    levels = sorted(campaign.judgement.threshold_log10_e for campaign in result.campaigns)
    needed = e_value(levels[0])
    if levels[-1] > levels[0]:
        needed += f" to {e_value(levels[-1])}"
    grants = [
        _text(f"{campaign.campaign_id}: grants consulted: {grants_sentence(campaign)}")
        for campaign in result.campaigns
        if campaign.grants
    ]
    marks = [
        _text(f"{each.campaign_id}: marks: {marks_sentence(each.facts, each.judgement)}")
        for each in result.campaigns
        if each.facts.marks
    ]
    return Group(
        table,
        *grants,
        *marks,
        Text(
            "accounts: in the group (of them members, 95 % interval); apart, honest: e-values "
            f"against the two nulls, of which the smaller had to reach {needed}",
            style="dim",
        ),
    )


def _campaign_row(campaign: Campaign, *, wide: bool) -> tuple[str, ...]:
    facts, judgement = campaign.facts, campaign.judgement
    expected = expected_members(member.confidence for member in facts.members)
    targets = [f"{name} {share(part)}" for name, part in facts.capabilities.items()]
    return (
        campaign.campaign_id,
        f"{count(len(facts.members))} ({expected.low:.0f}-{expected.high:.0f})",
        count(facts.exchanges),
        e_value(judgement.log10_e_apart),
        e_value(judgement.log10_e_honest),
        minute(judgement.discovered_at),
        *((short_count(facts.output_tokens), ", ".join(targets[:3])) if wide else ()),
    )


def _pools(result: ScanResult) -> Group:
    table = _table("group", "accounts>", "exchanges>", "apart>", "honest>", "needed>", "")
    for pool in result.undeclared_pools:
        table.add_row(
            _text(pool.group_id),
            count(len(pool.facts.members)),
            count(pool.facts.exchanges),
            e_value(pool.judgement.log10_e_apart),
            used_honestly(pool.judgement),
            level(pool.judgement),
            nearness(pool.judgement),
        )
    return _titled(
        "Undeclared pools: operated together, not shown to harvest, nor shown to be honest",
        table,
    )


def _parties(result: ScanResult) -> Group:
    table = _table("party", "accounts>", "exchanges>", "honest>")
    for party in result.suspicious_parties:
        table.add_row(
            _text(party.party_id),
            count(len(party.facts.members)),
            count(party.facts.exchanges),
            e_value(party.judgement.log10_e_honest),
        )
    return _titled("Suspicious parties: one party each, used unlike honest operators", table)


def _authorised(result: ScanResult) -> Group:
    table = _table("group", "accounts>", "exchanges>", "e>", "grants")
    for group in result.authorised:
        table.add_row(
            _text(group.group_id),
            count(len(group.facts.members)),
            count(group.facts.exchanges),
            e_value(group.judgement.log10_e),
            _text(", ".join(group.grant_ids)),
        )
    return _titled("Authorised: would be campaigns, covered by grants", table)


def _mixed(result: ScanResult) -> Group:
    table = _table("account", "exchanges>", "principals>", "p>", "group")
    for account in result.mixed_accounts[:_MIXED_SHOWN]:
        table.add_row(
            _text(account.account_id),
            count(account.exchanges),
            f"{account.principals:.0f}",
            p_value(math.log10(account.p_value)),
            _text(account.group_id or ""),
        )
    left = len(result.mixed_accounts) - _MIXED_SHOWN
    more = f", {left} more in campaigns.json" if left > 0 else ""
    return _titled(f"Mixed accounts: {MIXED_MEANING}{more}", table)


def _not_judged(result: ScanResult) -> Group:
    table = _table("groups>", "accounts>", "why")
    for reason in by_reason(result.not_judged):
        names = ", ".join(group.group_id for group in reason.groups[:_EXAMPLES])
        such_as = "such as " if len(reason.groups) > _EXAMPLES else ""
        table.add_row(
            count(len(reason.groups)),
            count(reason.accounts),
            _text(f"{reason.text} ({such_as}{names})"),
        )
    others = became_of_the_others(result.population.groups_opened, len(result.not_judged))
    notes = ("each with its numbers: phalanx campaigns show GROUP, or campaigns.json", others)
    return Group(
        _titled("Not judged: the data could not decide", table),
        *(Text(note, style="dim") for note in notes if note),
    )


def _quality(result: ScanResult) -> Group:
    population = result.population
    lines = [
        Text("Data", style="bold"),
        Text(
            f"{plural(population.exchanges, 'exchange')} of {plural(population.parties, 'party')} "
            f"read ({PARTIES}); {plural(population.rejected_rows, 'row')} rejected; "
            f"{plural(population.groups_opened, 'group')} opened; reference of "
            f"{plural(population.reference_parties, 'party')}, which allows e-values up to "
            f"{e_value(population.reachable_log10_e)} against honest use ({REACH})."
        ),
    ]
    lines.append(Text(privacy(result), style="" if result.run.key_id else "bold"))
    lines += [
        _text(f"rejected {count(number)} x {reason}")
        for reason, number in result.run.rejects.items()
    ]
    lines += [_text(f"noted {count(number)} x {what}") for what, number in result.run.notes.items()]
    lines += [
        _text(f"off: {signal.rule_id} {signal.name}: {signal.reason}")
        for signal in result.signals
        if not signal.enabled
    ]
    return Group(*lines)
