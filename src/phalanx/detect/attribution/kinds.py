"""Which kind of operator stands behind a group: competing hypotheses and their odds.

Each feature falls into an interval of a published table (`likelihoods.json`), whose counts
say how many simulated groups of each kind fell into it. The product over features is taken to
a power below one, because features of one group depend on each other; and with a small
probability the measurement says nothing at all, because no table holds every way of working.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from phalanx.detect.attribution.features import Measured
from phalanx.model import Hypothesis, MeasuredFeature, OperatorKind

KINDS: tuple[OperatorKind, ...] = (
    "distiller",
    "reseller",
    "evaluation farm",
    "hobbyist pool",
    "organisation",
)
"""Hypotheses: somebody who distils, and four who do not."""

UNINFORMED: Mapping[str, float] = MappingProxyType(dict.fromkeys(KINDS, 1.0 / len(KINDS)))
"""Prior of who has no opinion."""

TABLE_PATH = Path(__file__).parent / "likelihoods.json"
_PSEUDO_COUNT = 0.5
_LN10 = math.log(10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureTable:
    """Where the groups of each kind fell."""

    name: str
    cuts: tuple[float, ...]
    """Ascending; n cuts make n + 1 intervals, closed below."""

    counts: Mapping[str, tuple[int, ...]]
    """Kind -> groups in each interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodTable:
    """Counts of simulated groups, and how far they are trusted."""

    features: tuple[FeatureTable, ...]
    tempering: float
    """Power of the product of likelihoods, in (0, 1]."""

    contamination: float
    """Probability that the measurement says nothing, in (0, 1)."""

    seeds: tuple[int, ...]
    """Seeds of the populations that were counted."""


@cache
def published_table() -> LikelihoodTable:
    """Read the table that is shipped with this version; `bench/detect_attribution.py` wrote it."""
    return TypeAdapter(LikelihoodTable).validate_json(TABLE_PATH.read_bytes())


def count_groups(
    measured: Sequence[Measured],
    kinds: Sequence[OperatorKind],
    names: Sequence[str],
    intervals: int,
) -> tuple[FeatureTable, ...]:
    """Count groups of known kind by interval.

    Parameters:
        measured: One entry per group.
        kinds: The kind of each.
        names: Names of the features.
        intervals: At most so many, of equal numbers of groups.
    """
    tables = []
    for place, name in enumerate(names):
        values = np.array(
            [np.nan if m.values[place] is None else m.values[place] for m in measured], dtype=float
        )
        known = values[~np.isnan(values)]
        cuts = np.quantile(known, np.arange(1, intervals) / intervals, method="higher")
        # Where many have the least value, what lies above it is told apart.
        above = known[known > known.min()].min(initial=np.inf)
        cuts = np.unique(np.ceil(np.maximum(cuts, above) * 1e4) / 1e4)
        cuts = cuts[np.isfinite(cuts)]
        counts: dict[str, tuple[int, ...]] = {}
        for kind in KINDS:
            own = values[[k == kind for k in kinds]]
            places = np.searchsorted(cuts, own[~np.isnan(own)], side="right")
            counts[kind] = tuple(np.bincount(places, minlength=cuts.size + 1).tolist())
        tables.append(FeatureTable(name=name, cuts=tuple(cuts.tolist()), counts=counts))
    return tuple(tables)


def judge(
    measured: Measured, priors: Mapping[str, float], table: LikelihoodTable
) -> tuple[tuple[Hypothesis, ...], tuple[MeasuredFeature, ...]]:
    """Return the odds of each kind of operator, and every number that they come from.

    Parameters:
        measured: Measurements of a group.
        priors: Kind -> probability before looking; they sum to one.
        table: Likelihoods.

    Returns:
        Hypotheses, most probable first; features in the order of the table.
    """
    features = tuple(
        _feature(each, value) for each, value in zip(table.features, measured.values, strict=True)
    )
    logs = np.array(
        [
            table.tempering * sum(feature.log10_likelihoods.get(kind, 0.0) for feature in features)
            for kind in KINDS
        ]
    )
    prior = np.array([priors[kind] for kind in KINDS])
    probability = _posterior(logs, prior, table.contamination)
    order = np.argsort(-probability, kind="stable")
    return (
        tuple(
            Hypothesis(
                kind=KINDS[at],
                prior=float(prior[at]),
                log10_likelihood=float(logs[at]),
                probability=float(probability[at]),
            )
            for at in order
        ),
        features,
    )


def _posterior(
    log10_likelihoods: npt.NDArray[np.float64], prior: npt.NDArray[np.float64], share: float
) -> npt.NDArray[np.float64]:
    """Apply Bayes' rule; a share of the prior stays whatever was measured."""
    weights = prior * np.exp((log10_likelihoods - log10_likelihoods.max()) * _LN10)
    if not weights.sum() > 0.0:
        return prior
    return np.asarray((1.0 - share) * weights / weights.sum() + share * prior)


def _feature(table: FeatureTable, value: float | None) -> MeasuredFeature:
    if value is None:
        return MeasuredFeature(
            name=table.name, value=None, interval="not measured", log10_likelihoods={}
        )
    place = int(np.searchsorted(table.cuts, value, side="right"))
    return MeasuredFeature(
        name=table.name,
        value=value,
        interval=_interval(table.cuts, place),
        log10_likelihoods={
            kind: math.log10(
                (counts[place] + _PSEUDO_COUNT) / (sum(counts) + _PSEUDO_COUNT * len(counts))
            )
            for kind, counts in table.counts.items()
        },
    )


def _interval(cuts: Sequence[float], place: int) -> str:
    """Write an interval.

    Examples:
        >>> [_interval((0.5, 2.0), place) for place in range(3)]
        ['below 0.5', '0.5 to 2', '2 and more']
        >>> _interval((), 0)
        'any'
    """
    if not cuts:
        return "any"
    if place == 0:
        return f"below {cuts[0]:g}"
    if place == len(cuts):
        return f"{cuts[-1]:g} and more"
    return f"{cuts[place - 1]:g} to {cuts[place]:g}"
