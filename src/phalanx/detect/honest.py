"""Does this operator use the model as honest operators do?

The score of an operator is the log-likelihood ratio of its habits under "harvests
training data" against "uses answers", from shares of its exchanges in a window of days.
It is a fixed rule, not fitted to the log under test; the conformal test makes the
e-value right whatever the rule is, a bad rule only costs power.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.detect.population import COUNT_COLUMNS, Population
from phalanx.evidence import conformal_log10_e, mean, pool_log10_e, sequential_p_values

MINIMUM_EXCHANGES = 10
"""Exchanges in the window below which a party's habits are not known."""

VOLUME_RATIO = 8.0
"""Parties of like volume: between 1/8 and 8 times the group's median member."""


HABITS = (
    "never continued",
    "answer longer than question",
    "not sent before",
    "not public",
    "asks for training material",
    "targets reasoning, grading or tools",
)
"""Shares of exchanges, each in [0, 1]."""

SCORES = np.array(
    [
        [3.0, 3.0, 2.0, 4.0, 4.0, 0.0],
        [0.0, 0.0, 0.0, 1.0, 4.0, 0.0],
        [0.0, 0.0, 0.0, 1.0, 0.0, 4.0],
    ]
)
"""Weights of habits in each score: harvesting in bulk, elicitation, capability focus.
Each score gives an e-value; they are averaged, because they share data."""

NOT_PUBLIC = 3
"""Position of the habit that depends on who asks."""


class HarvestLikeUse:
    """The operator uses the model unlike honest operators of like volume.

    Sees: shares of exchanges that are never continued, whose answer is longer than the
    question, that were not sent before, that no unrelated party sent too, and that ask
    for training material; against parties of like volume on the same days.
    Evaded by: cover traffic (E5), fake follow-ups.
    Honest look-alikes: evaluation harnesses, writing assistants, makers of synthetic
    data for models that do not compete. A grant says so beforehand.
    Hash-only logs: works.
    """

    rule_id = "PHX-D020"
    name = "Harvest-like use"
    source = "use"
    columns = ("conversation_id", "output_tokens", "response")


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
        if self.members == 0:
            return 0.0
        smallest = np.full(self.members, 1.0 / (self.reference_size + self.members))
        return pool_log10_e(smallest, self.independent_members)


NOTHING_SEEN = HonestEvidence(0.0, 0.0, 1.0, 0, 0, {}, {})
"""Result for a group none of whose members was active enough."""


class Habits:
    """Habits of every party in any window of days, from cumulative counts."""

    def __init__(self, population: Population) -> None:
        """Accumulate counts over days."""
        self._cumulative = {
            name: np.pad(np.cumsum(population.counts[name], axis=1), ((0, 0), (1, 0)))
            for name in COUNT_COLUMNS
        }

    def window(
        self, first: int, last: int, public: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return exchanges, shape (parties,), and shares, shape (parties, habits).

        Parameters:
            first: First day of the window.
            last: Last day, included.
            public: Exchanges of each party in the window whose prompt others sent too.
        """
        total = {n: c[:, last + 1] - c[:, first] for n, c in self._cumulative.items()}
        exchanges = total["exchanges"].astype(np.float64)
        safe = np.maximum(exchanges, 1.0)
        conversed = total["conversed"]
        unbroken = np.where(
            conversed > 0, total["conversations"] / np.maximum(conversed, 1.0), 1.0
        )
        single = np.minimum(total["first_turns"] / safe, unbroken)
        shares = np.stack(
            [
                single,
                total["long_outputs"] / safe,
                total["new_prompts"] / safe,
                1.0 - public / safe,
                total["elicitation"] / safe,
                total["targeted"] / safe,
            ],
            axis=1,
        )
        return exchanges, np.clip(shares, 0.0, 1.0)


def test_honest(
    exchanges: npt.NDArray[np.float64],
    shares: npt.NDArray[np.float64],
    members: npt.NDArray[np.int64],
    reference: npt.NDArray[np.bool_],
    pooled: list[npt.NDArray[np.int64]],
) -> HonestEvidence:
    """Test one group against operators of like volume on the same days.

    Null hypothesis: each member uses the model as honest parties of like volume do, and
    the members together behave like at least sqrt(n) independent users.

    Parameters:
        exchanges: Of each party in the window, shape (parties,).
        shares: Habits of each party, shape (parties, habits).
        members: Parties of the group, in an order that does not depend on their habits.
        reference: Parties that count as one operator each.
        pooled: Other groups; each counts as one operator, whatever its size.
    """
    active = members[exchanges[members] >= MINIMUM_EXCHANGES]
    if active.size == 0:
        return NOTHING_SEEN
    scores = shares @ SCORES.T
    volume = float(np.median(exchanges[active]))
    like = (
        reference
        & (exchanges >= max(MINIMUM_EXCHANGES, volume / VOLUME_RATIO))
        & (exchanges <= volume * VOLUME_RATIO)
    )
    like[members] = False
    others = []
    for group in pooled:
        rows = group[exchanges[group] >= MINIMUM_EXCHANGES]
        if rows.size:
            others.append(scores[rows].mean(axis=0))
    reference_scores = np.vstack([scores[like], *others])
    independent = float(np.sqrt(active.size))
    of_scores = [
        pool_log10_e(sequential_p_values(mine, theirs), independent)
        for mine, theirs in zip(scores[active].T, reference_scores.T, strict=True)
    ]
    typical = np.median(shares[like], axis=0) if like.any() else np.zeros(len(HABITS))
    return HonestEvidence(
        mean(of_scores),
        conformal_log10_e(float(scores[active, 0].mean()), reference_scores[:, 0]),
        independent,
        reference_scores.shape[0],
        int(active.size),
        dict(zip(HABITS, np.mean(shares[active], axis=0).tolist(), strict=True)),
        dict(zip(HABITS, typical.tolist(), strict=True)),
    )
