"""An evaluation as JSON, as text, and as the few sentences that end the demonstration."""

from __future__ import annotations

import io
from collections.abc import Iterator

from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from phalanx.detect.evaluate import CampaignOutcome, Evaluation
from phalanx.formats.json import to_text
from phalanx.formats.notation import minute, plural, share
from phalanx.printable import printable

_COLUMNS = 100


def as_json(evaluation: Evaluation) -> str:
    """Return an evaluation as a JSON document."""
    return to_text(TypeAdapter(Evaluation).dump_python(evaluation, mode="json"))


def as_text(evaluation: Evaluation) -> str:
    """Return an evaluation as tables for people."""
    sink = io.StringIO()
    console = Console(file=sink, width=_COLUMNS, color_system=None, markup=False, highlight=False)
    console.print(_figures(evaluation))
    console.print()
    console.print(_campaigns(evaluation))
    console.print()
    console.print(_harm(evaluation))
    if evaluation.accounts_without_label:
        console.print(f"{plural(evaluation.accounts_without_label, 'account')} without a label")
    shown = printable(sink.getvalue(), keep="\n")
    return "".join(f"{line.rstrip()}\n" for line in shown.splitlines())


def sentences(evaluation: Evaluation) -> Iterator[str]:
    """Say what was found, what was missed, and how wrong the list was.

    Parameters:
        evaluation: Measures of one scan.
    """
    found = [row for row in evaluation.campaigns if row.found]
    missed = [row for row in evaluation.campaigns if not row.found]
    yield f"Found {len(found)} of {plural(len(evaluation.campaigns), 'planted campaign')}."
    yield from (_found(row) for row in found)
    yield from (_missed(row) for row in missed)
    flagged = sum(harm.flagged for harm in evaluation.harm_by_class.values())
    honest = sum(harm.accounts for harm in evaluation.harm_by_class.values())
    yield (
        f"Wrongly listed: {flagged:,} of {plural(honest, 'honest account')} "
        f"({_share(evaluation.account_fpr)}; with 95 % confidence below "
        f"{_share(evaluation.account_fpr_upper)})."
    )
    yield (
        f"Share of listed campaigns that are none: {share(evaluation.false_discovery_proportion)}."
    )


def _found(row: CampaignOutcome) -> str:
    return (
        f"  {row.campaign} ({row.traffic_class}): {row.flagged:,} of "
        f"{plural(row.accounts, 'account')}, alert at {minute(row.discovered_at)} UTC, after "
        f"{share(row.served_before_alert)} of its exchanges"
    )


def _missed(row: CampaignOutcome) -> str:
    if 2 * row.flagged >= row.accounts:
        return (
            f"  {row.campaign} ({row.traffic_class}): NOT TOLD APART; {row.flagged:,} of "
            f"{plural(row.accounts, 'account')} are listed, as a part of {row.reported_as}"
        )
    if 2 * row.in_pools >= row.accounts:
        return (
            f"  {row.campaign} ({row.traffic_class}): NOT SHOWN TO HARVEST; {row.in_pools:,} of "
            f"{plural(row.accounts, 'account')} are listed as operated together, most as "
            f"{row.pooled_as}"
        )
    return (
        f"  {row.campaign} ({row.traffic_class}): MISSED; {row.flagged:,} of "
        f"{plural(row.accounts, 'account')} stand in some campaign"
    )


def _figures(evaluation: Evaluation) -> Table:
    table = Table("measure", "value", box=None, pad_edge=False)
    for name in (
        "campaign_recall",
        "account_recall",
        "account_fpr",
        "account_fpr_upper",
        "false_discovery_proportion",
        "b_cubed_precision",
        "b_cubed_recall",
        "served_before_alert",
    ):
        table.add_row(name, _share(getattr(evaluation, name)))
    return table


def _campaigns(evaluation: Evaluation) -> Table:
    columns = ("campaign", "class", "accounts", "flagged", "found", "alert", "served before")
    table = Table(*columns, box=None, pad_edge=False)
    for row in evaluation.campaigns:
        table.add_row(
            row.campaign,
            row.traffic_class,
            f"{row.accounts:,}",
            f"{row.flagged:,}",
            "yes" if row.found else "no",
            minute(row.discovered_at),
            share(row.served_before_alert),
        )
    return table


def _harm(evaluation: Evaluation) -> Table:
    columns = ("honest class", "accounts", "flagged", "share", "with 95 % below")
    table = Table(*columns, box=None, pad_edge=False)
    for name, harm in evaluation.harm_by_class.items():
        row = (f"{harm.accounts:,}", f"{harm.flagged:,}", share(harm.share), share(harm.upper))
        table.add_row(name, *row)
    return table


def _share(fraction: float | None) -> str:
    return "nothing to measure" if fraction is None else share(fraction)
