"""Is the stated error kept where nothing is wrong? Honest populations, scanned at three levels.

A list of campaigns in a population without any is false as a whole, so the share of scans that
list one must not exceed the level. The populations hold every honest class of the simulator:
organisations, classrooms, resellers, users of frameworks, benchmark runs; every other one has a
model release in its span. Prompts are real where real ones exist (`--data`), identities are
simulated. Each log is replayed once and decided at every level.

Besides: e-values of honest groups by route, and what the caution costs: the evidence that a
campaign could reach in small references, short logs and among many groups, against what is needed.

Run `python bench/detect_validity.py`; `--smoke` takes few and small populations.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from honest_replay import LEVELS, HonestReplay, replay_honest
from phalanx.detect.replay import Replay
from phalanx.detect.simulate import simulate
from phalanx.evidence import LINKED_LOG10_E
from populations import Material, PopulationPlan, material
from reach import Reach, reach
from release_day import with_release
from results import print_table, save
from validity_figures import MeanE, Scan, largest, lists, means

_CAMPAIGN_SIZES = (20, 60, 200)


def measure(plan: PopulationPlan, texts: Material, *, release: bool) -> tuple[HonestReplay, Replay]:
    """Simulate one honest population and replay it."""
    simulation = simulate(plan.configuration(texts))
    exchanges = simulation.exchanges
    if release:
        exchanges = with_release(exchanges, simulation.labels, plan.seed)
    return replay_honest(exchanges, simulation.labels)


def costs(plan: PopulationPlan, texts: Material, sizes: Sequence[int]) -> list[Reach]:
    """Measure what is within reach in references of several sizes and logs of several lengths."""
    rows = []
    plans = [replace(plan, accounts=size) for size in sizes]
    plans += [replace(plan, accounts=sizes[0], days=days) for days in (7, 28)]
    for each in plans:
        honest, replay = measure(each, texts, release=False)
        rows += [reach(honest, replay, members) for members in _CAMPAIGN_SIZES]
        if each.days == plan.days and each.accounts == sizes[-1]:
            rows += [reach(honest, replay, members, times_groups=10) for members in _CAMPAIGN_SIZES]
        print(f"reach: {each.accounts:,} accounts, {each.days} days: done", file=sys.stderr)
    return rows


def show(scans: Sequence[Scan], rows: Sequence[MeanE], reaches: Sequence[Reach]) -> None:
    """Print the tables."""
    print_table(
        "Scans of honest populations with a false list",
        ["scans", "level", "with campaign", "95 % interval", "any step", "classes", "party"],
        [
            [
                row.scans,
                f"{row.level:.0%}",
                f"{row.with_campaign} of {row.count}",
                "{:.1%}-{:.1%}".format(*row.interval),
                row.with_discovery_at_any_step,
                _counts(row.classes_at_any_step),
                row.with_suspicious_party,
            ]
            for row in lists(scans)
        ],
    )
    print_table(
        "Undeclared pools listed, by what most of their accounts ask for",
        ["scans", "level", "pools"],
        [[row.scans, f"{row.level:.0%}", _counts(row.pools)] for row in lists(scans)],
    )
    print_table(
        "log10 e, largest of any group of a scan (median, ninth decile, largest of the scans)",
        ["evidence", "median", "9th decile", "largest"],
        [
            *([name, *map(_signed, values)] for name, values in largest(scans).items()),
            *(
                [f"nearest to its level at {row.level:.0%}", *map(_signed, row.nearest)]
                for row in lists(scans)
                if row.scans == "all"
            ),
        ],
    )
    print_table(
        "e of honest groups (share of groups with e of at least 10, 100, 1,000)",
        ["null", "groups", "count", "mean", "95 %", "10", "100", "1,000"],
        [
            [
                row.null,
                row.groups,
                row.count,
                f"{row.mean:.2g}",
                f"{row.lower:.2g}-{row.upper:.2g}",
                *(f"{share:.1%}" for share in row.exceeded),
            ]
            for row in rows
        ],
    )
    print_table(
        "log10 e against honest use within reach of a campaign, and needed at 1 %",
        ["parties, days", "groups", "like", "campaign", "stated", "one look", "alike", "end",
         "needed"],
        [
            [
                f"{row.parties:,}, {row.days}", f"{row.groups} ({row.linked})", row.like_volume,
                row.members, f"{row.stated_log10_e:.1f}", f"{row.one_look_log10_e:.1f}",
                f"{row.alike_log10_e:.1f}", f"{row.end_log10_e:.1f}",
                f"{row.needed_log10_e[LEVELS[0]]:.1f}",
            ]
            for row in reaches
        ],
    )  # fmt: skip


def _counts(classes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in classes.items()) or "-"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--scans", type=int, default=200, help="honest populations")
    parser.add_argument("--accounts", type=int, default=4_000, help="accounts of each")
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--seed", type=int, default=20261126, help="of the first population")
    parser.add_argument("--smoke", action="store_true", help="few and small populations")
    arguments = parser.parse_args()
    sizes: tuple[int, ...] = (300, 1_000, 3_000, 10_000)
    if arguments.smoke:
        arguments.scans, arguments.accounts, arguments.days, sizes = 2, 300, 7, (200, 300)
    plan = PopulationPlan(
        accounts=arguments.accounts, campaigns=0, seed=arguments.seed, days=arguments.days
    )
    scans = []
    with tempfile.TemporaryDirectory() as name:
        texts = material(arguments.data, Path(name), arguments.seed)
        for number in range(arguments.scans):
            seed, release = arguments.seed + number, number % 2 == 1
            figures, _ = measure(replace(plan, seed=seed), texts, release=release)
            scans.append(Scan(seed=seed, release=release, figures=figures))
            listed = figures.levels[LEVELS[-1]].campaigns
            print(f"{seed}: {figures.cpu_seconds:.1f} CPU s, {listed}", file=sys.stderr)
        reaches = costs(replace(plan, seed=arguments.seed - 1), texts, sizes)
    rows = means(scans)
    show(scans, rows, reaches)
    save(
        "detect_validity",
        {
            "smoke": arguments.smoke,
            "seed": arguments.seed,
            "scans": arguments.scans,
            "accounts": arguments.accounts,
            "days": arguments.days,
            "cpu_seconds": round(sum(scan.figures.cpu_seconds for scan in scans)),
            "linked_groups": sum(
                group.log10_e_apart >= LINKED_LOG10_E
                for scan in scans
                for group in scan.figures.groups
            ),
            "lists": [asdict(row) for row in lists(scans)],
            "largest_log10_e": largest(scans),
            "mean_e": [asdict(row) for row in rows],
            "reach": [asdict(row) for row in reaches],
        },
    )


if __name__ == "__main__":
    main()
