"""One yardstick for the scan and all peers, with the definitions of `phalanx evaluate`.

A peer that flags accounts one by one is measured more kindly: a campaign counts as found when
half of its accounts are flagged, whoever else is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peers.peer import Scored, Unit
from phalanx.evidence.intervals import clopper_pearson_upper

MOST_FALSE_FLAGS = 0.001
"""Share of the honest accounts that a threshold may flag on the validation population."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Truth:
    """What is true of the accounts of a log, in the order of a peer's scores."""

    campaign: NDArray[np.int64]
    """Labelled campaign of each account, from 0; -1 for honest ones, shape (accounts,)."""

    daily: NDArray[np.int64]
    """Exchanges of each account on each day, shape (accounts, days)."""

    @property
    def honest(self) -> NDArray[np.bool_]:
        """Mark the honest accounts."""
        return self.campaign < 0

    @property
    def campaigns(self) -> int:
        """Number of labelled campaigns."""
        return int(self.campaign.max(initial=-1)) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What became of the accounts at one threshold."""

    campaign_recall: float
    account_recall: float
    account_fpr: float
    account_fpr_upper: float
    false_discovery_proportion: float
    """Share of the flagged groups that are mostly not one campaign; where accounts are flagged
    one by one, share of the flagged accounts that are honest. 0 where nothing was flagged."""

    flagged_groups: int
    """Groups, or accounts where they are flagged one by one."""


def choose_threshold(scored: Scored, truth: Truth) -> float:
    """Return the threshold of the best recall whose false flags stay within the budget.

    Recall only grows as the threshold falls, so the lowest one that the budget allows is best.
    Of the equally good ones the middle is taken, between the lowest score of a flagged campaign
    account and the highest honest score that must not be flagged.

    Returns:
        Infinity where no campaign account can be flagged within the budget.

    Examples:
        >>> scored = Scored(score=np.array([9.0, 8.0, 4.0, 2.0, 1.0]), group=np.arange(5))
        >>> truth = Truth(campaign=np.array([0, 0, -1, -1, 0]), daily=np.ones((5, 1), int))
        >>> choose_threshold(scored, truth)
        6.0
    """
    honest = np.sort(scored.score[truth.honest])[::-1]
    allowed = int(MOST_FALSE_FLAGS * honest.size)
    barred = honest[allowed] if honest.size > allowed else -np.inf
    attack = scored.score[~truth.honest]
    flagged = attack[attack > barred]
    if not flagged.size:
        return float(np.inf)
    return float((flagged.min() + barred) / 2 if np.isfinite(barred) else flagged.min())


def found(scored: Scored, threshold: float, truth: Truth, unit: Unit) -> NDArray[np.bool_]:
    """Mark the campaigns that were found, shape (campaigns,).

    Examples:
        >>> scored = Scored(score=np.array([5.0, 5.0, 5.0, 1.0]), group=np.array([0, 0, 0, 1]))
        >>> truth = Truth(campaign=np.array([0, 0, -1, 0]), daily=np.ones((4, 1), int))
        >>> [found(scored, threshold, truth, "groups").tolist() for threshold in (2.0, 6.0)]
        [[True], [False]]
    """
    flagged = scored.score >= threshold
    size = np.bincount(truth.campaign[~truth.honest], minlength=truth.campaigns)
    if unit == "accounts":
        caught = np.bincount(truth.campaign[flagged & ~truth.honest], minlength=truth.campaigns)
        return 2 * caught >= size
    joint, size_group = _joint(scored, flagged, truth)
    return np.asarray(((2 * joint >= size) & (2 * joint > size_group[:, None])).any(axis=0))


def _joint(
    scored: Scored, flagged: NDArray[np.bool_], truth: Truth
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the accounts of each flagged group by campaign, and in all."""
    group = np.unique(scored.group[flagged], return_inverse=True)[1]
    campaign = truth.campaign[flagged]
    groups = int(group.max(initial=-1)) + 1
    cell = group[campaign >= 0] * truth.campaigns + campaign[campaign >= 0]
    joint = np.bincount(cell, minlength=groups * truth.campaigns)
    return joint.reshape(groups, truth.campaigns), np.bincount(group, minlength=groups)


def measure(scored: Scored, threshold: float, truth: Truth, unit: Unit) -> Measured:
    """Measure what is flagged at a threshold."""
    flagged = scored.score >= threshold
    false = int((flagged & truth.honest).sum())
    honest = int(truth.honest.sum())
    if unit == "accounts":
        groups, wrong = int(flagged.sum()), false
    else:
        joint, size_group = _joint(scored, flagged, truth)
        groups = size_group.size
        wrong = int((2 * joint.max(axis=1, initial=0) < size_group).sum())
    return Measured(
        campaign_recall=float(found(scored, threshold, truth, unit).mean()),
        account_recall=float(flagged[~truth.honest].mean()),
        account_fpr=false / honest,
        account_fpr_upper=clopper_pearson_upper(false, honest),
        false_discovery_proportion=wrong / max(1, groups),
        flagged_groups=groups,
    )


def highest(scored: Sequence[Scored]) -> Scored:
    """Return each account's highest score over evenings, for the threshold of a daily run."""
    score = np.max([one.score for one in scored], axis=0)
    return Scored(score=score, group=np.arange(score.size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How late the alerts came when the peer is asked evening by evening."""

    served_before_alert: float
    """Mean over campaigns of the share of their exchanges until the evening of the alert; a
    campaign that is never found counts as 1."""

    account_fpr_any_evening: float
    """Share of the honest accounts that were flagged on some evening."""


def delay(
    scored: Sequence[Scored], evenings: Sequence[int], threshold: float, truth: Truth, unit: Unit
) -> Delay:
    """Measure the alerts of several evenings, in order, at one threshold."""
    alert = np.full(truth.campaigns, truth.daily.shape[1])
    ever = np.zeros(truth.campaign.size, dtype=bool)
    for evening, one in zip(evenings, scored, strict=True):
        ever |= one.score >= threshold
        new = found(one, threshold, truth, unit)
        alert = np.where(new, np.minimum(alert, evening), alert)
    served = []
    for campaign, evening in enumerate(alert.tolist()):
        daily = truth.daily[truth.campaign == campaign].sum(axis=0)
        served.append(float(daily[: evening + 1].sum() / daily.sum()))
    return Delay(
        served_before_alert=float(np.mean(served)),
        account_fpr_any_evening=float(ever[truth.honest].mean()),
    )
