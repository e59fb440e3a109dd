"""How much of a corpus is consistent with a model, or with what was served: clusters are counted.

A cluster of near-duplicates is one observation, told by its first document in the order of the
corpus, which is chosen before anything of it is known. Independence is asked of clusters only, and
only by the interval; the list of clusters needs none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from phalanx.evidence import calibrate_p_mixed, e_benjamini_hochberg, mean

CONFIDENCE = 0.95
_PARTS = 3
"""Rates that the interval is made of; each has a third of the error."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How often a test claims what is not so, and what is."""

    false_low: float
    false_high: float
    """Bounds of the rate of claims on documents that the null hypothesis holds for."""

    true_low: float
    true_high: float
    """The same on documents that it does not hold for; 0 and 1 where nobody measured it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What is said of all clusters together."""

    clusters: int
    """That were evaluable."""

    claimed: int
    """Whose first document is at or below the level."""

    discovered: npt.NDArray[np.bool_]
    """Clusters on the list whose false share is at most the rate, shape (clusters,)."""

    log10_e: float
    """Of "the null hypothesis holds for every cluster": the mean of their e-values."""

    low: float
    high: float
    """Bounds of the share of clusters that the null hypothesis does not hold for."""

    estimate: float | None
    """The share itself; null where the rate of true claims was not measured."""


def e_values(log10_ps: Floats, level: float) -> Floats:
    """Turn p-values of documents into e-values, base-10 logarithms.

    Half is put on "at or below the level", which pays 1 / level, and half on a mixture that pays
    more for smaller p-values: the mean of two e-values is one.

    Parameters:
        log10_ps: Base-10 logarithms, shape (documents,).
        level: Chosen before looking, in (0, 1).

    References:
        Vovk & Wang, "E-values: calibration, combination and applications", 2021.

    Examples:
        >>> e_values(np.array([-2.0, 0.0]), 0.01).round(2).tolist()
        [1.72, -0.6]
    """
    with np.errstate(divide="ignore"):
        payed = np.where(log10_ps <= math.log10(level) + 1e-9, 1.0 / level, 0.0)
    return np.asarray(np.log10(0.5 * payed + 0.5 * 10.0 ** calibrate_p_mixed(log10_ps)))


def least_list(clusters: int, documents: int, level: float, rate: float) -> int:
    """Return how many clusters must rank above all humans before any of them can be listed.

    No rank among so many human documents is smaller than one in them and one, so no e-value is
    larger than what that pays; e-BH lists *k* of *K* only if each is at least *K* / (*k* rate).

    Parameters:
        clusters: That are evaluable.
        documents: Human documents of the reference, the largest of several.
        level: Of a claim.
        rate: Of false discoveries.

    Examples:
        >>> least_list(900, 369, 0.01, 0.05), least_list(90, 9999, 0.01, 0.05)
        (327, 17)
    """
    most = float(e_values(np.array([-math.log10(documents + 1)]), level)[0])
    return math.ceil(clusters / (rate * math.pow(10.0, most)))


def cluster_e_values(log10_es: Floats, clusters: npt.NDArray[np.int64]) -> Floats:
    """Return the mean of the e-values of each cluster: valid however its documents depend.

    Parameters:
        log10_es: Of documents, shape (documents,).
        clusters: Of each document, numbered through, shape (documents,).
    """
    count = int(clusters.max(initial=-1)) + 1
    top = np.full(count, -np.inf)
    np.maximum.at(top, clusters, log10_es)
    sums = np.bincount(clusters, 10.0 ** (log10_es - top[clusters]), minlength=count)
    return np.asarray(top + np.log10(sums / np.bincount(clusters, minlength=count)))


def share_of(
    log10_ps: Floats, clusters: npt.NDArray[np.int64], level: float, rates: Rates, rate: float
) -> Share:
    r"""Say how many clusters the null hypothesis does not hold for.

    With $r$ the share of clusters that are claimed, $f$ and $t$ the rates of false and true claims,
    the share is $(r - f) / (t - f)$. Each of the three has an interval, and the bounds take the
    ends that make the share smallest and largest (Bonferroni).

    Parameters:
        log10_ps: Of documents that are evaluable, in the order of the corpus, shape (documents,).
        clusters: Of each, numbered through, shape (documents,).
        level: At or below which a document is claimed.
        rates: Of the test, each bound with a third of the error.
        rate: Of false discoveries that the list of clusters may have.

    References:
        Rogan & Gladen, "Estimating prevalence from the results of a screening test", American
        Journal of Epidemiology 107 (1978); Wang & Ramdas, JRSS B 84 (2022), for the list.

    Examples:
        >>> rates = Rates(false_low=0.0, false_high=0.02, true_low=0.8, true_high=0.9)
        >>> found = share_of(np.array([-3.0] * 40 + [0.0] * 60), np.arange(100), 0.01, rates, 0.1)
        >>> found.claimed, round(found.low, 2), round(found.high, 2), int(found.discovered.sum())
        (40, 0.3, 0.66, 40)
    """
    log10_es = cluster_e_values(e_values(log10_ps, level), clusters)
    count = log10_es.size
    _, first = np.unique(clusters, return_index=True)
    claimed = int((log10_ps[first] <= math.log10(level) + 1e-9).sum())
    error = (1.0 - CONFIDENCE) / _PARTS
    low, high = interval(claimed, count, error)
    estimate = None
    false = 0.5 * (rates.false_low + rates.false_high)
    true = 0.5 * (rates.true_low + rates.true_high)
    if rates.true_low > 0.0 and true > false and count:
        estimate = _corrected(claimed / count, false, true)
    return Share(
        clusters=count,
        claimed=claimed,
        discovered=e_benjamini_hochberg(log10_es, rate).rejected,
        log10_e=mean(log10_es.tolist()) if count else 0.0,
        low=_corrected(low, rates.false_high, rates.true_high),
        # A test that may tell nothing apart bounds nothing from above.
        high=_corrected(high, rates.false_low, rates.true_low)
        if rates.true_low > rates.false_low
        else 1.0,
        estimate=estimate,
    )


def interval(hits: int, trials: int, error: float) -> tuple[float, float]:
    """Return the exact interval of a share, both sides together with an error.

    References:
        Clopper & Pearson, Biometrika 26 (1934).

    Examples:
        >>> [round(each, 3) for each in interval(0, 100, 0.05)]
        [0.0, 0.036]
    """
    if not trials:
        return 0.0, 1.0
    low = float(beta.ppf(error / 2, hits, trials - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - error / 2, hits + 1, trials - hits)) if hits < trials else 1.0
    return low, high


def _corrected(claimed: float, false: float, true: float) -> float:
    """Return the share behind a share of claims, within [0, 1]; `true` is above `false`."""
    return min(1.0, max(0.0, (claimed - false) / max(true - false, 1e-12)))
