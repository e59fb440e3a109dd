"""Accounts that keep their habits: what tests of online detection draw from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.prevent.online.budget import Budget
from phalanx.prevent.online.reference import Reference, fitted
from phalanx.prevent.online.rows import largest_of
from phalanx.prevent.online.statistics import STATISTICS
from phalanx.prevent.policy.document import ValueWeights

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BUDGET = Budget(false_discovery_rate=0.01, share=0.5, epochs=1, accounts=1_000, pools=20)
VALUE: dict[str, Any] = ValueWeights().model_dump(mode="json")


@dataclass(frozen=True)
class Answers:
    """Answers of some accounts in the order in which they ended; arrays of one length."""

    account: npt.NDArray[np.int64]
    signs: npt.NDArray[np.int64]
    asked: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]

    def largest(self, accounts: int) -> npt.NDArray[np.float64]:
        """Return the largest value of each statistic of each account."""
        found = np.zeros((accounts, len(STATISTICS)))
        largest_of(
            self.account, self.signs, self.asked, self.tokens, self.value, self.weight, 0.1, found
        )
        return found


def draw(
    generator: np.random.Generator, accounts: int, harvesting: float = 0.0, answers: float = 40.0
) -> Answers:
    """Draw accounts, each of which keeps habits of its own for the whole epoch.

    Parameters:
        generator: Of all that is drawn.
        accounts: How many.
        harvesting: How far each habit is moved towards that of a harvester, in [0, 1].
        answers: Mean number of answers of an account.
    """
    count = np.maximum(generator.poisson(answers * generator.lognormal(-0.5, 1.0, accounts)), 1)
    account = generator.permutation(np.repeat(np.arange(accounts), count))
    habits = generator.beta(1.0, 4.0, (accounts, 4)) * (1 - harvesting) + harvesting
    drawn = generator.random((account.size, 4)) < habits[account]
    signs = drawn @ np.array([1, 2, 4, 8])
    tokens = generator.integers(10, 400, account.size)
    weight = np.where(drawn[:, 1], 1.0, 0.25)
    novelty = np.where(generator.random(account.size) < 0.7, 1.0, 0.1)
    asked = np.full(account.size, 200)
    value = (weight * tokens * novelty).astype(np.float64)
    return Answers(account, signs, asked, tokens, value, weight)


MakeReference = Callable[..., Reference]


@pytest.fixture(scope="session")
def make_reference() -> MakeReference:
    """Make references of accounts that `draw` draws."""

    def make(seed: int = 1, size: int = 2_000, budget: Budget = BUDGET) -> Reference:
        largest = draw(np.random.default_rng(seed), size).largest(size)
        return fitted(largest, NOW, NOW + timedelta(days=7), 7, VALUE, budget, {})

    return make
