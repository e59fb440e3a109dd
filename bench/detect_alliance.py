"""What marks of other providers add to a scan, and what a member that lies can do with them.

Each log holds four campaigns of 6, 12, 25 and 50 accounts at one rung of evasion, and ten
undeclared honest pools. Another provider has seen part of each campaign: it lists mail addresses,
phones or cards of 10, 30 or 60 % of the accounts. The hostile lists name honest accounts: some at
random, as one campaign; every account of each honest pool, pool by pool; every account of each
honest class of use. Every variant is a replay of the same log with other marks, so that nothing
else differs.

Run `python bench/detect_alliance.py`; `--smoke` takes one small log.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phalanx.detect.aggregates import aggregate
from phalanx.detect.alliance.mark_file import MARK_SCHEMA, SharedMarks
from phalanx.detect.alliance.marks import Cohort, Marks, marks_among
from phalanx.detect.narrow import Narrowing, narrow
from phalanx.detect.population import Population, build_population
from phalanx.detect.replay import Replay
from phalanx.detect.replay_state import ReplaySettings
from phalanx.detect.simulate import CampaignPlan, PoolPlan, SimulationConfig, simulate
from phalanx.detect.simulate.config import POOL_KINDS, Evasion
from phalanx.detect.verdicts import sort_tracks
from phalanx.evidence import clopper_pearson_upper
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.engine import DuckDBEngine
from populations import Material, material
from results import print_table, save

SIZES = {6: "reasoning", 12: "self_instruct", 25: "rubric", 50: "evolved"}
"""Accounts of each campaign, and what it asks for."""

RUNGS: Sequence[Evasion] = ("E1", "E2", "E3", "E4", "E5")
KINDS = ("email", "phone", "payment")
RATE = 0.01
STEP_HOURS = 6

List = Callable[["Log", np.random.Generator], Iterator[tuple[str, str]]]
"""From a log to accounts and the shared campaigns that they are listed under."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Log:
    """A log, counted once, and what only its maker knows."""

    population: Population
    campaign: NDArray[np.str_]
    """Label of each account, empty for an honest one."""

    traffic: NDArray[np.str_]
    """Class of use of each account."""

    def of(self, label: str) -> NDArray[np.str_]:
        """Return the accounts of a campaign; of the honest for an empty label."""
        return np.asarray(np.array(self.population.account_names)[self.campaign == label])


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one scan of one log found."""

    rung: str
    seed: int
    variant: str
    marks: int
    honest_accounts: int
    honest_flagged: int
    listed: int
    listed_false: int
    """Listed campaigns that are mostly honest accounts."""

    flagged: Mapping[str, int]
    """Campaign -> its accounts in any listed campaign."""

    found: Mapping[str, bool]
    """Campaign -> whether one listed campaign holds at least half of its accounts and is mostly
    of them."""

    replay_cpu_seconds: float


def part_of_campaigns(share: float) -> List:
    """List a share of the accounts of each campaign, at least one."""

    def listed(log: Log, generator: np.random.Generator) -> Iterator[tuple[str, str]]:
        for label in sorted(set(log.campaign.tolist()) - {""}):
            accounts = log.of(label)
            size = max(1, round(share * accounts.size))
            for account in generator.choice(accounts, size, replace=False).tolist():
                yield account, f"campaign--{label}"

    return listed


def honest_at_random(share: float) -> List:
    """List honest accounts as one campaign."""

    def listed(log: Log, generator: np.random.Generator) -> Iterator[tuple[str, str]]:
        accounts = log.of("")
        size = round(share * accounts.size)
        for account in generator.choice(accounts, size, replace=False).tolist():
            yield account, "campaign--hostile"

    return listed


def honest_by_class(prefix: str) -> List:
    """List all accounts of each honest class whose name begins so, class by class."""

    def listed(log: Log, _: np.random.Generator) -> Iterator[tuple[str, str]]:
        names = np.array(log.population.account_names)
        honest = log.campaign == ""
        for traffic in sorted(set(log.traffic[honest].tolist())):
            if traffic.startswith(prefix):
                for account in names[honest & (log.traffic == traffic)].tolist():
                    yield account, f"campaign--{traffic}"

    return listed


VARIANTS: Mapping[str, Sequence[List]] = {
    "no marks": (),
    "10 % of campaigns": (part_of_campaigns(0.1),),
    "30 % of campaigns": (part_of_campaigns(0.3),),
    "60 % of campaigns": (part_of_campaigns(0.6),),
    "30 %, and 1 % of the honest": (part_of_campaigns(0.3), honest_at_random(0.01)),
    "30 %, and 5 % of the honest": (part_of_campaigns(0.3), honest_at_random(0.05)),
    "30 %, and 20 % of the honest": (part_of_campaigns(0.3), honest_at_random(0.2)),
    "20 % of the honest": (honest_at_random(0.2),),
    "each honest pool": (honest_by_class("pool:"),),
    "each honest class": (honest_by_class(""),),
}


def marks_of(lists: Sequence[List], log: Log, generator: np.random.Generator) -> Marks:
    """Make the marks that some lists give the accounts of a log."""
    pairs = [pair for listed in lists for pair in listed(log, generator)]
    kinds = generator.choice(KINDS, len(pairs)).tolist()
    columns = {
        "account_id": [account for account, _ in pairs],
        "campaign": [campaign for _, campaign in pairs],
        "kind": kinds,
        "matches": [1] * len(pairs),
        "first_seen": [None] * len(pairs),
        "last_seen": [None] * len(pairs),
    }
    population = log.population
    cohort = Cohort(
        account_names=population.account_names,
        of_account=population.parties.of_account,
        first_step=population.first_step,
        step_hours=population.step_hours,
        key=None,
    )
    shared = SharedMarks(pa.table(columns, schema=MARK_SCHEMA))
    return marks_among(shared, cohort, datetime(2026, 6, 1, tzinfo=UTC))[0]


def make_log(rung: Evasion, seed: int, accounts: int, texts: Material) -> Log:
    """Simulate a log and count it."""
    plans = tuple(
        CampaignPlan(name=f"of-{size:02d}", accounts=size, attack_class=kind)
        for size, kind in SIZES.items()
    )
    pools = tuple(
        PoolPlan(name=f"{kind}-{size}", kind=kind, accounts=size)
        for size in (8, 20)
        for kind in POOL_KINDS
    )
    made = simulate(
        SimulationConfig(
            benign_accounts=accounts,
            campaigns=plans,
            pools=pools,
            seed=seed,
            evasion=rung,
            prompt_corpora=texts.corpora(),
            arrival_trace=texts.arrivals,
        )
    )
    with DuckDBEngine(memory_limit_bytes=1_000_000_000, threads=1) as engine:
        kernel = Narrowing(key=None, keep_excerpts=False, step_hours=STEP_HOURS)
        table, names = narrow(engine, open_log(made.exchanges, ReadOptions()), kernel)
        population = build_population(aggregate(table, STEP_HOURS), names, {}, STEP_HOURS)
    accounts_made = made.labels["account_id"].to_pylist()
    labels = dict(zip(accounts_made, made.labels["campaign"].to_pylist(), strict=True))
    traffic = dict(zip(accounts_made, made.labels["traffic_class"].to_pylist(), strict=True))
    return Log(
        population=population,
        campaign=np.array([labels[name] or "" for name in population.account_names]),
        traffic=np.array([traffic[name] for name in population.account_names]),
    )


def measure(log: Log, rung: str, seed: int, variant: str) -> Outcome:
    """Scan a log with the marks of a variant."""
    marks = marks_of(VARIANTS[variant], log, np.random.default_rng(seed))
    population = replace(log.population, marks=marks)
    start = time.process_time()
    replay = Replay(population, ReplaySettings(RATE, 5, 0, 1, None))
    for _ in replay.run():
        pass
    listed = sort_tracks(replay.tracks, replay).campaigns
    seconds = time.process_time() - start
    of_party = population.parties.of_account
    inside = [log.campaign[np.isin(of_party, verdict.members)] for verdict in listed]
    labels = sorted(set(log.campaign.tolist()) - {""})
    sizes = {label: int(np.count_nonzero(log.campaign == label)) for label in labels}
    return Outcome(
        rung=rung,
        seed=seed,
        variant=variant,
        marks=marks.rows.num_rows,
        honest_accounts=int(np.count_nonzero(log.campaign == "")),
        honest_flagged=sum(int(np.count_nonzero(found == "")) for found in inside),
        listed=len(listed),
        listed_false=sum(bool(2 * np.count_nonzero(found == "") > found.size) for found in inside),
        flagged={
            label: sum(int(np.count_nonzero(found == label)) for found in inside)
            for label in labels
        },
        found={
            label: any(
                2 * np.count_nonzero(found == label) >= max(sizes[label], found.size)
                for found in inside
            )
            for label in labels
        },
        replay_cpu_seconds=round(seconds, 2),
    )


def print_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Print what was found and who was harmed."""
    rows = []
    for variant in VARIANTS:
        of = [outcome for outcome in outcomes if outcome.variant == variant]
        if not of:
            continue
        shares = [
            f"{sum(o.found[f'of-{size:02d}'] for o in of)} "
            f"({sum(o.flagged[f'of-{size:02d}'] for o in of) / (size * len(of)):.0%})"
            for size in SIZES
        ]
        flagged, honest = sum(o.honest_flagged for o in of), sum(o.honest_accounts for o in of)
        rows.append(
            [
                variant,
                len(of),
                *shares,
                f"{flagged} of {honest:,} ({clopper_pearson_upper(flagged, honest):.3%})",
                f"{sum(o.listed_false for o in of)} of {sum(o.listed for o in of)}",
                f"{np.mean([o.replay_cpu_seconds for o in of]):.1f}",
            ]
        )
    columns = ["marks on", "logs", *(f"found of {size} (accounts)" for size in SIZES)]
    columns += ["honest flagged (upper 95 %)", "false campaigns", "replay, CPU s"]
    print_table("Campaigns found with marks of another provider", columns, rows)
    by_rung = []
    for rung in dict.fromkeys(outcome.rung for outcome in outcomes):
        for variant in VARIANTS:
            of = [o for o in outcomes if o.variant == variant and o.rung == rung]
            if of:
                found = [sum(o.found[f"of-{size:02d}"] for o in of) for size in SIZES]
                by_rung.append([rung, variant, len(of), *found])
    print_table("By rung", ["rung", "marks on", "logs", *map(str, SIZES)], by_rung)


def main() -> None:
    """Scan every log with every variant and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--accounts", type=int, default=3_000, help="honest accounts of a log")
    parser.add_argument("--seeds", type=int, default=2, help="logs of each rung")
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--smoke", action="store_true", help="one small log")
    arguments = parser.parse_args()
    rungs = RUNGS[:1] if arguments.smoke else RUNGS
    if arguments.smoke:
        arguments.accounts, arguments.seeds = 300, 1
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as name:
        texts = material(arguments.data, Path(name), arguments.seed, "development")
        for place in range(arguments.seeds):
            for rung in rungs:
                seed = arguments.seed + place
                log = make_log(rung, seed, arguments.accounts, texts)
                of_log = [measure(log, rung, seed, variant) for variant in VARIANTS]
                outcomes += of_log
                save(
                    "detect_alliance",
                    {
                        "smoke": arguments.smoke,
                        "accounts": arguments.accounts,
                        "outcomes": [asdict(outcome) for outcome in of_log],
                    },
                )
    print_outcomes(outcomes)


if __name__ == "__main__":
    main()
