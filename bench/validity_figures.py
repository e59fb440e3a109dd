"""What many honest scans say together: lists, e-values, how near the level they came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from honest_replay import LEVELS, GroupFigures, HonestReplay
from phalanx.evidence import NOT_ASKED
from results import clopper_pearson

_EXCEEDED = (10.0, 100.0, 1_000.0)
_RESAMPLES = 2_000

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
            mean_e("apart", f"{route}, no class", _logs(alone, "log10_e_apart")),
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
                    classes=dict(Counter(c for each in at for c in each.campaigns)),
                    with_discovery_at_any_step=sum(bool(each.discovered) for each in at),
                    classes_at_any_step=dict(Counter(c for each in at for c in each.discovered)),
                    with_suspicious_party=sum(bool(each.parties) for each in at),
                    pools=dict(Counter(c for each in at for c in each.pools)),
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
