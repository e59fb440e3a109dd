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
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from honest_replay import LEVELS, GroupFigures, HonestReplay, replay_honest
from phalanx.detect.replay import Replay
from phalanx.detect.simulate import simulate
from phalanx.evidence import LINKED_LOG10_E, NOT_ASKED
from populations import Material, PopulationPlan, material
from reach import Reach, reach
from release_day import with_release
from results import clopper_pearson, print_table, save

_EXCEEDED = (10.0, 100.0, 1_000.0)
_RESAMPLES = 2_000
_CAMPAIGN_SIZES = (20, 60, 200)

Quantiles = tuple[float | None, ...]
"""Median, ninth decile and maximum over scans; null for no evidence at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One honest population, without the arrays of its replay."""

    seed: int
    release: bool
    figures: HonestReplay


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanE:
    """e-values of honest groups of one kind, over all scans."""

    null: str
    groups: str
    count: int
    mean: float
    lower: float
    """95 % interval of the mean, scans being drawn anew with replacement."""

    upper: float
    exceeded: tuple[float, ...]
    """Share of groups with e of at least 10, 100, 1,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """What was listed at one level in many honest scans."""

    scans: str
    level: float
    count: int
    with_campaign: int
    interval: tuple[float, float]
    """Of the share of scans with a campaign, exact, 95 %."""

    classes: Mapping[str, int]
    """Traffic class -> campaigns of whose accounts most are of it."""

    with_discovery_at_any_step: int
    classes_at_any_step: Mapping[str, int]
    with_suspicious_party: int
    pools: Mapping[str, int]
    nearest: Quantiles
    """Evidence against honest use less what was needed, of the nearest group of each scan."""


def measure(plan: PopulationPlan, texts: Material, *, release: bool) -> tuple[HonestReplay, Replay]:
    """Simulate one honest population and replay it."""
    simulation = simulate(plan.configuration(texts))
    exchanges = simulation.exchanges
    if release:
        exchanges = with_release(exchanges, simulation.labels, plan.seed)
    return replay_honest(exchanges, simulation.labels)


def mean_e(null: str, groups: str, of_scans: Sequence[Sequence[float]]) -> MeanE:
    """Average e-values, given as logarithms scan by scan."""
    values = [10.0 ** np.array(logs, dtype=np.float64) for logs in of_scans]
    sums = np.array([each.sum() for each in values])
    counts = np.array([each.size for each in values])
    drawn = np.random.default_rng(1).integers(0, len(values), (_RESAMPLES, len(values)))
    means = sums[drawn].sum(axis=1) / np.maximum(counts[drawn].sum(axis=1), 1)
    everything = np.concatenate(values)
    size = max(everything.size, 1)
    return MeanE(
        null=null,
        groups=groups,
        count=everything.size,
        mean=float(everything.sum() / size),
        lower=float(np.quantile(means, 0.025)),
        upper=float(np.quantile(means, 0.975)),
        exceeded=tuple(float((everything >= bound).sum() / size) for bound in _EXCEEDED),
    )


def means(scans: Sequence[Scan]) -> list[MeanE]:
    """Average both e-values over honest groups, by route and by what is counted."""
    rows = []
    everywhere = [scan.figures.groups for scan in scans]
    for route in sorted({group.route for groups in everywhere for group in groups}):
        own = [[group for group in groups if group.route == route] for groups in everywhere]
        alone = [[g for g in groups if g.traffic_class != "classroom"] for groups in own]
        asked = [[g for g in groups if g.log10_e_honest != NOT_ASKED] for groups in own]
        rows += [
            mean_e("apart", f"{route}, all", _logs(own, "log10_e_apart")),
            mean_e("apart", f"{route}, no classrooms", _logs(alone, "log10_e_apart")),
            mean_e("honest", f"{route}, all", _logs(own, "log10_e_honest")),
            mean_e("honest", f"{route}, asked", _logs(asked, "log10_e_honest")),
            mean_e("both", f"{route}, all", _logs(own, "smaller")),
        ]
    return rows


def _logs(of_scans: Iterable[Iterable[GroupFigures]], name: str) -> list[list[float]]:
    if name == "smaller":
        return [[min(g.log10_e_apart, g.log10_e_honest) for g in groups] for groups in of_scans]
    return [[float(getattr(group, name)) for group in groups] for groups in of_scans]


def lists(scans: Sequence[Scan]) -> list[Lists]:
    """Count what was listed, by level and by whether there was a release."""
    rows = []
    for name, chosen in (
        ("all", scans),
        ("no release", [scan for scan in scans if not scan.release]),
        ("release", [scan for scan in scans if scan.release]),
    ):
        for level in LEVELS if chosen else ():
            at = [scan.figures.levels[level] for scan in chosen]
            listed = sum(bool(each.campaigns) for each in at)
            rows.append(
                Lists(
                    scans=name,
                    level=level,
                    count=len(at),
                    with_campaign=listed,
                    interval=clopper_pearson(listed, len(at)),
                    classes=Counter(c for each in at for c in each.campaigns),
                    with_discovery_at_any_step=sum(bool(each.discovered) for each in at),
                    classes_at_any_step=Counter(c for each in at for c in each.discovered),
                    with_suspicious_party=sum(bool(each.parties) for each in at),
                    pools=Counter(c for each in at for c in each.pools),
                    nearest=_quantiles([each.nearest_log10 for each in at]),
                )
            )
    return rows


def largest(scans: Sequence[Scan]) -> dict[str, Quantiles]:
    """Return quantiles over scans of the largest evidence that any honest group had."""
    groups = [scan.figures.groups for scan in scans]
    return {
        name: _quantiles([max(logs, default=NOT_ASKED) for logs in _logs(groups, name)])
        for name in ("log10_e_apart", "log10_e_honest", "smaller")
    }


def _quantiles(values: Sequence[float]) -> Quantiles:
    """Return median, ninth decile and maximum; null where so many scans have nothing."""
    ordered = np.sort(values)
    at = (float(ordered[int(share * (ordered.size - 1))]) for share in (0.5, 0.9, 1.0))
    return tuple(value if np.isfinite(value) else None for value in at)


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
        ["scans", "level", "with campaign", "95 % interval", "at any step", "classes", "parties"],
        [
            [
                row.scans,
                f"{row.level:.0%}",
                f"{row.with_campaign} of {row.count}",
                "{:.2%} to {:.2%}".format(*row.interval),
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
        ["null", "groups", "count", "mean", "95 % interval", "10", "100", "1,000"],
        [
            [
                row.null,
                row.groups,
                row.count,
                f"{row.mean:.3g}",
                f"{row.lower:.3g} to {row.upper:.3g}",
                *(f"{share:.2%}" for share in row.exceeded),
            ]
            for row in rows
        ],
    )
    print_table(
        "log10 e against honest use within reach of a campaign, and needed",
        ["parties", "days", "groups (linked)", "like volume", "campaign", "stated", "one look",
         "alike", "first", "end", "needed at 1, 5, 10 %"],
        [
            [
                f"{row.parties:,}", row.days, f"{row.groups} ({row.linked})", row.like_volume,
                row.members, f"{row.stated_log10_e:.1f}", f"{row.one_look_log10_e:.1f}",
                f"{row.alike_log10_e:.1f}", f"{row.first_look_log10_e:.1f}",
                f"{row.end_log10_e:.1f}",
                " ".join(f"{row.needed_log10_e[level]:.1f}" for level in LEVELS),
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
    parser.add_argument("--accounts", type=int, default=3_000, help="accounts of each")
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
