"""Does this operator use the model as honest operators do?

Scores are fixed sums of habits, not fitted to the log under test. The tests rank a party
among honest ones, so that the e-value is right whatever the score is; a bad score only
costs power.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from phalanx.detect.habits import HABITS, SCORE_WEIGHTS, scores_of
from phalanx.detect.own_use import MINIMUM_OWN_EXCHANGES, OwnUse
from phalanx.detect.reference import Operators, Reference
from phalanx.detect.thresholds import MINIMUM_EXCHANGES, VOLUME_RATIO
from phalanx.detect.use_window import UseWindow
from phalanx.evidence import conformal_log10_e, mean, pool_log10_e, pool_log10_e_over_orders

MOST_INDEPENDENT_SHARING = 10.0
"""However many share content, in its use they are taken for no more independent users than
this: they do one kind of work, and among thousands a small difference would add up."""

_ORDERS = 4
"""Orders of the members that a bet is averaged over."""


class HarvestLikeUse:
    """The operator uses the model unlike honest operators of like volume.

    Sees: the habits of PHX-D021 to PHX-D028, weighed into scores: harvesting in bulk,
    elicitation, capability focus, soft labels, known sets; and how members use the content
    that the group alone shares. Each score is ranked among parties of like volume on the
    same days, and the e-values of the scores are averaged.
    Evaded by: cover traffic (E5), unless known sets are used; fake follow-ups.
    Honest look-alikes: evaluation harnesses, writing assistants, makers of synthetic
    data for models that do not compete. A grant says so beforehand.
    Hash-only logs: works.
    """

    rule_id = "PHX-D020"
    name = "Harvest-like use"
    source = "use"
    columns: tuple[str, ...] = ("prompt",)


@dataclass(frozen=True, slots=True)
class HonestEvidence:
    """Outcome of the honest-use test of one group or party."""

    log10_e: float
    """Evidence against honest use, the pool behaving like `independent_members` users."""

    log10_e_one_operator: float
    """The same if all members show the habits of one honest operator."""

    independent_members: float
    reference_size: int
    members: int
    """Members with enough exchanges."""

    habits: Mapping[str, float]
    """Mean share of each habit over the members."""

    reference_habits: Mapping[str, float]
    """Median share of each habit in the reference."""

    @property
    def reachable_log10_e(self) -> float:
        """Largest value that this reference and this size allowed."""
        return reachable_pool_log10_e(self.members, self.reference_size)


def reachable_pool_log10_e(members: int, reference_size: int) -> float:
    """Return the evidence that one score gives where all members rank above the reference.

    Members rank among each other as well: the one that enters as the i-th is the k-th from the
    top of those before it, each k as likely as any other, and its p-value is k / (m + i). The
    mean logarithm of these is taken.

    Parameters:
        members: n, size of the pool.
        reference_size: m, operators in the reference.

    Examples:
        >>> [round(reachable_pool_log10_e(50, size), 1) for size in (0, 300, 1_000, 10_000)]
        [-0.7, 3.7, 6.3, 12.0]
    """
    if members == 0:
        return 0.0
    place = np.arange(1, members + 1)
    log_p = gammaln(place + 1) / place - np.log(reference_size + place)
    return pool_log10_e(np.exp(log_p), float(np.sqrt(members)))


NOTHING_SEEN = HonestEvidence(0.0, 0.0, 1.0, 0, 0, {}, {})
"""Result for a group none of whose members was active enough."""


def examine_pool(
    reference: Reference,
    members: npt.NDArray[np.int64],
    circle: npt.NDArray[np.int64],
    shared: OwnUse,
) -> HonestEvidence:
    """Test one group against operators of like volume on the same days.

    Null hypothesis: each member uses the model as honest parties of like volume do, and
    the members together behave like at least sqrt(n) independent users, each with as many
    alike as the others have.

    Parameters:
        reference: Other operators, and the days.
        members: Parties of the group, in an order that does not depend on their habits.
        circle: Parties among which a prompt may pass without being public; the group itself,
            or a larger one of which it is a part.
        shared: How the members use the content that the group shares.
    """
    window = reference.window
    active = members[window.exchanges[members] >= MINIMUM_EXCHANGES]
    if active.size == 0:
        return NOTHING_SEEN
    like = _like_volume(window, active, reference.operators.alone)
    like[members] = False
    theirs = _scores_of(window, like, reference.operators, members)
    shares = window.shares_within(active, circle)
    scores = scores_of(shares)
    independent = float(np.sqrt(active.size))
    of_scores = [
        _bet(mine, other, independent) for mine, other in zip(scores.T, theirs.T, strict=True)
    ]
    of_shared_part = _of_shared_part(shared, members, reference)
    weights = [*SCORE_WEIGHTS[: len(of_scores)], *[1.0] * len(of_shared_part)]
    of_scores += of_shared_part
    typical = (
        np.median(window.shares[like], axis=0) if like.any() else np.zeros(window.shares.shape[1])
    )
    return HonestEvidence(
        mean(of_scores, weights),
        conformal_log10_e(float(scores[:, 0].mean()), theirs[:, 0]),
        independent,
        theirs.shape[0],
        int(active.size),
        _by_habit(shares.mean(axis=0)),
        _by_habit(typical),
    )


def _by_habit(shares: npt.NDArray[np.float64]) -> dict[str, float]:
    """Name the habits, of which a scan without known sets lacks the last."""
    return dict(zip(HABITS, shares.tolist(), strict=False))


def _of_shared_part(
    shared: OwnUse, members: npt.NDArray[np.int64], reference: Reference
) -> list[float]:
    """Test the shared part of the traffic by each of its scores; e = 1 where too little is shared.

    Null hypothesis: the group uses its own content as honest communities of texts use theirs,
    and its members behave in this like at least min(sqrt(n), 10) independent users.
    """
    active = shared.exchanges >= MINIMUM_OWN_EXCHANGES
    if not active.any():
        return [0.0] * shared.scores.shape[1]
    volume = float(np.median(shared.exchanges[active]))
    theirs = reference.own.exchanges
    like = reference.operators.alone & (theirs >= max(MINIMUM_OWN_EXCHANGES, volume / VOLUME_RATIO))
    like &= theirs <= volume * VOLUME_RATIO
    like[members] = False
    independent = float(min(np.sqrt(np.count_nonzero(active)), MOST_INDEPENDENT_SHARING))
    return [
        _bet(mine, other, independent)
        for mine, other in zip(shared.scores[active].T, reference.own.scores[like].T, strict=True)
    ]


def _bet(
    scores: npt.NDArray[np.float64], reference: npt.NDArray[np.float64], independent: float
) -> float:
    """Bet on the ranks of members, on average over orders in which they enter."""
    size = scores.size
    # Drawn for the size alone, so that neither scores nor names decide.
    in_turn = np.tile(np.arange(size), (_ORDERS, 1))
    orders = np.random.default_rng(size).permuted(in_turn, axis=1)
    return pool_log10_e_over_orders(scores, reference, independent, orders)


def examine_operator(window: UseWindow, party: int, operators: Operators) -> HonestEvidence:
    """Test one declared party, which is one operator whatever its accounts.

    Null hypothesis: the party is drawn from the same population as parties of like volume.

    Parameters:
        window: Habits on the days of the test.
        party: The party.
        operators: With whom it is compared.
    """
    members = np.array([party])
    if window.exchanges[party] < MINIMUM_EXCHANGES:
        return NOTHING_SEEN
    like = _like_volume(window, members, operators.alone)
    like[party] = False
    theirs = _scores_of(window, like, operators, np.zeros(0, dtype=np.int64))[:, 0]
    log10_e = conformal_log10_e(float(window.scores[party, 0]), theirs)
    typical = (
        np.median(window.shares[like], axis=0) if like.any() else np.zeros(window.shares.shape[1])
    )
    return HonestEvidence(
        log10_e,
        log10_e,
        1.0,
        theirs.size,
        1,
        _by_habit(window.shares[party]),
        _by_habit(typical),
    )


def _like_volume(
    window: UseWindow, active: npt.NDArray[np.int64], reference: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    volume = float(np.median(window.exchanges[active]))
    least = max(MINIMUM_EXCHANGES, volume / VOLUME_RATIO)
    most = volume * VOLUME_RATIO
    return np.asarray(reference & (window.exchanges >= least) & (window.exchanges <= most))


def _scores_of(
    window: UseWindow,
    like: npt.NDArray[np.bool_],
    operators: Operators,
    members: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return scores of reference operators, shape (operators, scores)."""
    return np.vstack([window.scores[like], operators.scores_of_groups(window, members)])
