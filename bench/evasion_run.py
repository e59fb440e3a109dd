"""One population whose campaigns hide alike: simulated, scanned, measured campaign by campaign."""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

import phalanx
from phalanx.detect.evaluate import CampaignOutcome, evaluate
from phalanx.detect.simulate import SimulationConfig, simulate
from phalanx.detect.simulate.grammar import open_book
from phalanx.detect.simulate.populate import draw_scene

_DAY_US = 86_400_000_000
_LISTS = ("campaigns", "authorised", "undeclared_pools", "not_judged")

NOWHERE = "nowhere"
"""List of a campaign of which no list holds half of the accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFigures:
    """What one campaign cost its operator, and what it bought."""

    campaign: str
    traffic_class: str
    accounts: int
    cards: int
    """Distinct payments."""

    addresses: int
    """Distinct addresses."""

    age_days: float
    """Median age of its accounts at their first exchange."""

    exchanges: int
    harvested: int
    """Exchanges that are no cover traffic."""

    days: float
    """From its first to its last exchange."""

    found: bool
    listed: str
    """List that holds at least half of its accounts: that of campaigns, of pools, of what was
    not judged, or `NOWHERE`."""

    flagged: int
    """Accounts in any listed campaign."""

    delay_hours: float | None
    """From its first exchange to the alert; null where there was none."""

    served_share: float
    """Share of its exchanges until the alert; 1 without one."""

    harvested_before: int
    """Exchanges that it had harvested until the alert; all without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One population, scanned in one way."""

    step: str
    seed: int
    variant: str
    options: str
    """Options of the scan beside the defaults."""

    honest_accounts: int
    honest_flagged: int
    flagged_by_class: Mapping[str, int]
    campaigns: tuple[CampaignFigures, ...]
    reported: int
    """Campaigns that the scan listed."""

    false_share: float
    """Share of those that are mostly no planted one."""

    pools: int
    not_judged: int
    exchanges: int
    simulation_cpu_seconds: float
    scan_cpu_seconds: float


def code_digest() -> str:
    """Return a digest of what decides the figures, so that old ones are not taken for new."""
    root = Path(phalanx.__file__).parent
    digest = hashlib.sha256()
    for part in ("detect", "evidence", "logs"):
        for path in sorted((root / part).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@dataclass(frozen=True, eq=False, kw_only=True)
class Population:
    """A log with campaigns of one rung, and what only its maker knows."""

    step: str
    seed: int
    log: Path
    labels: Path
    harvest_us: Mapping[str, NDArray[np.int64]]
    """Campaign -> times of the exchanges that are no cover traffic."""

    cpu_seconds: float


def populate(step: str, config: SimulationConfig, folder: Path) -> Population:
    """Write a population whose campaigns are of one rung."""
    start = time.process_time()
    log, labels = simulate(config).write(folder)
    seconds = time.process_time() - start
    # The same scene again: which exchanges are cover traffic is in no column of the log.
    scene = draw_scene(config, open_book())
    owner = np.array([name or "" for name in scene.campaigns])[scene.exchanges.account]
    harvest = {
        plan.name: scene.exchanges.time_us[scene.exchanges.harvest & (owner == plan.name)]
        for plan in config.campaigns
    }
    return Population(
        step=step,
        seed=config.seed,
        log=log,
        labels=labels,
        harvest_us=harvest,
        cpu_seconds=seconds,
    )


def scan_and_measure(
    population: Population, variant: str, options: Sequence[str], folder: Path
) -> Run:
    """Scan in a process of its own, and compare with the labels.

    Parameters:
        population: What to scan.
        variant: Name of the options.
        options: Of `phalanx scan`, beside the defaults.
        folder: Where to put the results.

    Raises:
        RuntimeError: If the scan fails.
    """
    start = _children_cpu_seconds()
    command = [sys.executable, "-m", "phalanx", "scan", str(population.log), "--out", str(folder)]
    command += ["--clear-identifiers", "--fail-on", "never", "--quiet", *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        message = f"the scan {variant!r} of {population.step} failed:\n{done.stderr[-4000:]}"
        raise RuntimeError(message)
    scan_cpu = _children_cpu_seconds() - start
    evaluation = evaluate(folder, population.labels)
    document = json.loads((folder / "campaigns.json").read_text(encoding="utf-8"))
    harm = evaluation.harm_by_class
    return Run(
        step=population.step,
        seed=population.seed,
        variant=variant,
        options=" ".join(options),
        honest_accounts=sum(each.accounts for each in harm.values()),
        honest_flagged=sum(each.flagged for each in harm.values()),
        flagged_by_class={name: each.flagged for name, each in harm.items() if each.flagged},
        campaigns=_figures(population, evaluation.campaigns, _lists(document)),
        reported=len(document["campaigns"]),
        false_share=evaluation.false_discovery_proportion,
        pools=len(document["undeclared_pools"]),
        not_judged=len(document["not_judged"]),
        exchanges=document["population"]["exchanges"],
        simulation_cpu_seconds=round(population.cpu_seconds, 1),
        scan_cpu_seconds=round(scan_cpu, 1),
    )


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _lists(document: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the accounts that stand in each list."""
    accounts: dict[str, set[str]] = {}
    for name in _LISTS:
        groups = [group.get("facts", {}).get("members", []) for group in document[name]]
        accounts[name] = {member["account_id"] for group in groups for member in group}
    return accounts | {
        "not_judged": {account for group in document["not_judged"] for account in group["accounts"]}
    }


def _figures(
    population: Population,
    outcomes: Sequence[CampaignOutcome],
    lists: Mapping[str, set[str]],
) -> tuple[CampaignFigures, ...]:
    labels = pq.read_table(population.labels)
    columns = ["account_id", "timestamp", "client_ip", "payment_fingerprint", "account_created_at"]
    traffic = pq.read_table(population.log, columns=columns)
    figures = []
    for outcome in outcomes:
        own = labels.filter(pc.field("campaign") == outcome.campaign)["account_id"]
        rows = traffic.filter(pc.is_in(traffic["account_id"], own.combine_chunks()))
        figures.append(
            _campaign(outcome, rows, lists, np.sort(population.harvest_us[outcome.campaign]))
        )
    return tuple(figures)


def _campaign(
    outcome: CampaignOutcome,
    rows: pa.Table,
    lists: Mapping[str, set[str]],
    harvest_us: NDArray[np.int64],
) -> CampaignFigures:
    time_us = rows["timestamp"].cast(pa.int64()).to_numpy()
    found_at = outcome.discovered_at
    alert_us = None if found_at is None else int(found_at.timestamp() * 1e6)
    per_account = rows.group_by("account_id").aggregate(
        [("timestamp", "min"), ("account_created_at", "min")]
    )
    age_us = pc.subtract(
        per_account["timestamp_min"].cast(pa.int64()),
        per_account["account_created_at_min"].cast(pa.int64()),
    ).to_numpy()
    accounts = set(per_account["account_id"].to_pylist())
    held = {name: len(members & accounts) for name, members in lists.items()}
    first = next((name for name in _LISTS if 2 * held[name] >= outcome.accounts), NOWHERE)
    return CampaignFigures(
        campaign=outcome.campaign,
        traffic_class=outcome.traffic_class,
        accounts=outcome.accounts,
        cards=pc.count_distinct(rows["payment_fingerprint"]).as_py(),
        addresses=pc.count_distinct(rows["client_ip"]).as_py(),
        age_days=round(float(np.median(age_us)) / _DAY_US, 1),
        exchanges=rows.num_rows,
        harvested=harvest_us.size,
        days=round(float(np.ptp(time_us)) / _DAY_US, 2),
        found=outcome.found,
        listed=first,
        flagged=outcome.flagged,
        delay_hours=None if alert_us is None else round((alert_us - int(time_us.min())) / 3.6e9, 1),
        served_share=outcome.served_before_alert,
        harvested_before=harvest_us.size
        if alert_us is None
        else int(np.searchsorted(harvest_us, alert_us)),
    )
