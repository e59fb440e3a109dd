"""References and alerts of online detection, as people and programs read them."""

from __future__ import annotations

from phalanx.cli.gateway_online_work import WatchRun
from phalanx.prevent.online.alerts import Alert, alert_json
from phalanx.prevent.online.reference import Reference
from phalanx.printable import printable


def reference_text(reference: Reference) -> str:
    """Return what a reference is of, what it promises, and what it can tell."""
    budget = reference.budget
    left = ", ".join(f"{count:,} {why}" for why, count in reference.left_out.items() if count)
    needed = reference.accounts_needed
    single = (
        "not evaluable: no number of accounts would be enough"
        if needed is None
        else f"listed from {needed:,} accounts that are beyond it together"
    )
    span = f"{reference.begins:%Y-%m-%d} to {reference.ends:%Y-%m-%d}"
    epochs = f"epochs of {reference.epoch_days} days, {budget.epochs} in all"
    reaches = f"50 accounts that are all beyond the reference reach 10^{reference.pool_reaches:.1f}"
    lines = [
        f"{reference.size:,} accounts of {span}; {epochs}",
        *([f"left out: {left}"] if left else []),
        f"false discovery rate {budget.false_discovery_rate:g}: {budget.rate:g} of it here",
        f"run scans with --fdr {budget.scan_rate:g}",
        f"pools: one alone is listed from 10^{reference.pool_level:.1f}; {reaches}",
        f"accounts: one reaches at most 10^{reference.account_reaches:.1f}; {single}",
        "assumed: these accounts are honest, and like those that will be watched",
        "assumed: each epoch is like that of these logs",
        "assumed: a pool of n accounts behaves like sqrt(n) independent users at least",
    ]
    return printable("\n".join(lines), keep="\n") + "\n"


def alerts_json(run: WatchRun) -> str:
    """Return the alerts as lines of JSON."""
    return "".join(f"{alert_json(each)}\n" for each in run.alerts)


def alerts_text(run: WatchRun) -> str:
    """Return the alerts as text, and how the watch stood."""
    counts = run.counts
    seen = f"{run.answers:,} answers of {counts.accounts:,} accounts"
    lines = [
        f"{seen} and {counts.pools:,} undeclared pools, against {run.reference.size:,} accounts",
        *map(_line, run.alerts),
        f"raised: {counts.raised_pools} pools, {counts.raised_accounts} accounts",
    ]
    if counts.unwatched_answers:
        lines.append(f"{counts.unwatched_answers:,} answers were of accounts beyond those watched")
    if counts.unwatched_pools:
        lines.append(f"{counts.unwatched_pools:,} pools were beyond those watched")
    if not counts.fits:
        lines.append("the reference does not fit: too many accounts are far out; nobody is raised")
    if counts.is_over:
        lines.append("the reference is used up: calibrate again")
    return printable("\n".join(lines), keep="\n") + "\n"


def _line(alert: Alert) -> str:
    return (
        f"{alert.at:%Y-%m-%d %H:%M} {alert.kind} {alert.name}: 10^{alert.log10_e:.1f}, level "
        f"10^{alert.level_log10_e:.1f}, {alert.answers:,} answers of {alert.accounts:,} accounts"
    )
