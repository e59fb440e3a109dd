"""Scans: each provider alone, at first, and later with what the pool told it."""

from __future__ import annotations

from pathlib import Path

from phalanx.cli.demo_full.acts import record
from phalanx.cli.demo_full.chapter import Chapter
from phalanx.cli.demo_full.children import run_all
from phalanx.cli.demo_full.places import Places, Provider
from phalanx.detect.result import ScanResult
from phalanx.formats.folder import read_scan
from phalanx.formats.notation import plural
from phalanx.model import Campaign


def scan_alone(places: Places) -> Chapter:
    """Let each provider scan its own first week: nobody may find the campaign.

    Parameters:
        places: With the logs.
    """
    run_all(
        [
            _words(each, each.early, each.scan_early, "--for-pool")
            for each in places.providers
        ],
        places.out,
    )  # fmt: skip
    results = {each: read_scan(each.scan_early) for each in places.providers}
    for provider, result in results.items():
        _record_scan(provider, provider.scan_early, result)
    return Chapter(
        title="Each provider scans the first week of its own log: alone",
        lines=tuple(
            f"{provider.name}: {plural(len(result.campaigns), 'campaign')} among "
            f"{result.population.accounts:,} accounts, false discovery rate "
            f"{result.false_discovery_rate:.0%}"
            for provider, result in results.items()
        ),
        artefacts=tuple(each.scan_early / "report.html" for each in places.providers),
        commands=("phalanx scan LOG --for-pool",),
        lacks=(
            "a provider found the campaign alone, so that there is nothing to pool"
            if any(result.campaigns for result in results.values())
            else ""
        ),
    )


def scan_with_told_marks(places: Places) -> Chapter:
    """Let each provider scan the next three weeks, looking first where the pool pointed.

    Marks are no evidence: what is listed is listed for what the provider's own log of these
    weeks shows, none of which was there when the pool told.

    Parameters:
        places: With the logs, and what was told.
    """
    run_all(
        [
            _words(
                each, each.late, each.scan, "--alliance", str(each.told_marks),
                "--store", str(each.store),
            )
            for each in places.providers
        ],
        places.out,
    )  # fmt: skip
    results = {each: read_scan(each.scan) for each in places.providers}
    lines = []
    for provider, result in results.items():
        _record_scan(provider, provider.scan, result)
        lines += _said(provider, result)
    return Chapter(
        title="Three weeks on: each scans anew, and looks first where the pool pointed",
        lines=tuple(lines),
        artefacts=tuple(each.scan / "report.html" for each in places.providers),
        commands=("phalanx scan LOG --alliance told-marks.parquet --store scans.db",),
        lacks="" if results[places.a].campaigns else "the first provider's own log lists nothing",
    )


def strongest(folder: Path) -> Campaign:
    """Return the campaign of a scan for which the evidence is strongest."""
    return max(read_scan(folder).campaigns, key=lambda each: each.judgement.log10_e)


def _words(provider: Provider, log: Path, out: Path, *more: str) -> list[str]:
    key = str(provider.pseudonym_key)
    return ["scan", str(log), "--key", key, "--out", str(out), "--fail-on", "never", *more]


def _record_scan(provider: Provider, folder: Path, result: ScanResult) -> None:
    record(
        provider, "report", "scan", folder.name, folder / "campaigns.json",
        campaigns=len(result.campaigns), accounts=result.population.accounts,
    )  # fmt: skip


def _with_marks(campaign: Campaign) -> str:
    """Say what the marks were good for."""
    judged = campaign.judgement
    if judged.formed_by_marks:
        return ", a group that the marks formed"
    alone = judged.threshold_without_marks_log10_e
    if campaign.facts.marks and (alone is None or alone > judged.log10_e):
        return ", which without the marks would not be listed"
    return ""


def _said(provider: Provider, result: ScanResult) -> list[str]:
    if not result.campaigns:
        return [f"{provider.name}: nothing that its own log bears out by now"]
    lines = []
    for each in result.campaigns:
        judged = each.judgement
        how = _with_marks(each)
        lines += [
            (
                f"{provider.name}: {each.campaign_id} of "
                f"{plural(len(each.facts.members), 'account')}{how}"
            ),
            (
                f"  against operated apart 10^{judged.log10_e_apart:.1f}, against used honestly "
                f"10^{judged.log10_e_honest:.1f}; needed 10^{judged.threshold_log10_e:.1f}"
            ),
        ]
    return lines
