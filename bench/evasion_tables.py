"""What each rung of the ladder costs the operator of a campaign, and what it buys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evasion_run import CampaignFigures, Run
from phalanx.evidence import clopper_pearson_upper
from results import clopper_pearson


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSummary:
    """All runs of one rung and variant together. Shares of nothing are null."""

    step: str
    variant: str
    seeds: int
    campaigns: int
    found: int
    recall: float
    recall_interval: tuple[float, float]
    """Exact, 95 %, campaigns taken for independent."""

    account_recall: float
    honest_accounts: int
    honest_flagged: int
    honest_flagged_upper: float
    """One-sided 95 % bound of the share."""

    false_campaigns: int
    delay_hours: float | None
    """Median over campaigns that were found."""

    served_share: float
    """Mean over campaigns of the share of its exchanges before the alert; 1 without one."""

    missed_listed: Mapping[str, int]
    """List -> missed campaigns of which it holds at least half of the accounts."""

    accounts: float
    """Of a campaign, mean; likewise what follows."""

    cards_per_100_accounts: float
    addresses_per_100_accounts: float
    age_days: float
    cover_per_harvested: float
    harvested_per_account_day: float
    accounts_for_10000_a_day: float
    """Accounts that harvest 10,000 exchanges a day between them."""

    harvested_share_before: float
    """Share of what was harvested before the alert, mean over campaigns."""

    harvested_before: float
    """Exchanges that were harvested before the alert, mean over campaigns."""

    scan_cpu_seconds: float
    """Mean over runs."""


def summarise(runs: Sequence[Run]) -> list[StepSummary]:
    """Pool runs by variant and rung."""
    keys = sorted({(run.step, run.variant) for run in runs})
    return [_summary([run for run in runs if (run.step, run.variant) == key]) for key in keys]


def _summary(runs: Sequence[Run]) -> StepSummary:
    campaigns = [campaign for run in runs for campaign in run.campaigns]
    found = [campaign for campaign in campaigns if campaign.found]
    delays = [c.delay_hours for c in found if c.delay_hours is not None]
    honest = sum(run.honest_accounts for run in runs)
    flagged = sum(run.honest_flagged for run in runs)
    accounts = sum(campaign.accounts for campaign in campaigns)
    harvest = [c.harvested / c.accounts / max(c.days, 1.0) for c in campaigns]
    return StepSummary(
        step=runs[0].step,
        variant=runs[0].variant,
        seeds=len(runs),
        campaigns=len(campaigns),
        found=len(found),
        recall=len(found) / len(campaigns),
        recall_interval=clopper_pearson(len(found), len(campaigns)),
        account_recall=sum(campaign.flagged for campaign in campaigns) / accounts,
        honest_accounts=honest,
        honest_flagged=flagged,
        honest_flagged_upper=clopper_pearson_upper(flagged, honest),
        false_campaigns=round(sum(run.false_share * run.reported for run in runs)),
        delay_hours=float(np.median(delays)) if delays else None,
        served_share=_mean([campaign.served_share for campaign in campaigns]),
        missed_listed=dict(Counter(c.listed for c in campaigns if not c.found)),
        accounts=_mean([campaign.accounts for campaign in campaigns]),
        cards_per_100_accounts=100 * _per_account(campaigns, "cards"),
        addresses_per_100_accounts=100 * _per_account(campaigns, "addresses"),
        age_days=_mean([campaign.age_days for campaign in campaigns]),
        cover_per_harvested=_mean([c.exchanges / max(c.harvested, 1) - 1.0 for c in campaigns]),
        harvested_per_account_day=_mean(harvest),
        accounts_for_10000_a_day=10_000 / max(_mean(harvest), 1e-9),
        harvested_share_before=_mean([c.harvested_before / max(c.harvested, 1) for c in campaigns]),
        harvested_before=_mean([campaign.harvested_before for campaign in campaigns]),
        scan_cpu_seconds=_mean([run.scan_cpu_seconds for run in runs]),
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _per_account(campaigns: Sequence[CampaignFigures], name: str) -> float:
    return _mean([getattr(campaign, name) / campaign.accounts for campaign in campaigns])


def curve(rows: Sequence[StepSummary]) -> str:
    """Return the evasion curve as a table in Markdown."""
    return _markdown(
        ["step", "scan", "campaigns found", "95 %", "accounts found", "honest flagged",
         "upper 95 %", "alert after", "served before", "missed are listed as"],
        [
            [
                row.step,
                row.variant,
                f"{row.found} of {row.campaigns}",
                "{:.0%} to {:.0%}".format(*row.recall_interval),
                f"{row.account_recall:.1%}",
                f"{row.honest_flagged} of {row.honest_accounts:,}",
                f"{row.honest_flagged_upper:.3%}",
                _hours(row.delay_hours),
                f"{row.served_share:.0%}",
                ", ".join(f"{name} {n}" for name, n in row.missed_listed.items()) or "-",
            ]
            for row in rows
        ],
    )  # fmt: skip


def prices(rows: Sequence[StepSummary]) -> str:
    """Return what each rung costs and what it buys, as a table in Markdown."""
    baseline = {row.variant: row.recall for row in rows if row.step == "E0"}
    return _markdown(
        ["step", "scan", "cards per 100 accounts", "addresses per 100", "age of accounts",
         "cover per harvested", "harvested per account and day", "accounts for 10,000 a day",
         "recall", "lost against E0", "harvested before the alert", "exchanges"],
        [
            [
                row.step,
                row.variant,
                f"{row.cards_per_100_accounts:.0f}",
                f"{row.addresses_per_100_accounts:.0f}",
                f"{row.age_days:.0f} d",
                f"{row.cover_per_harvested:.1f}",
                f"{row.harvested_per_account_day:.1f}",
                f"{row.accounts_for_10000_a_day:,.0f}",
                f"{row.recall:.0%}",
                f"{baseline[row.variant] - row.recall:+.0%}" if row.variant in baseline else "-",
                f"{row.harvested_share_before:.0%}",
                f"{row.harvested_before:,.0f}",
            ]
            for row in rows
        ],
    )  # fmt: skip


def _hours(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} h"


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"
