"""What is known of runs of tokens: how rare they are, what they weigh, who used them how often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phalanx.authorship.detector.weighing import Weights, likelihood, unknown_share, weigh
from phalanx.authorship.features import Seen
from phalanx.authorship.features.seen import RUN_BUCKETS


@dataclass(frozen=True, slots=True, eq=False)
class RunTable:
    """A linear model and two language models over one table of runs, shape (buckets,) each."""

    rarity: Weights
    """Inverse document frequency, natural logarithm; 0 for runs that are not known."""

    weights: Weights
    human: Weights
    """How often each run stood in human documents."""

    model: Weights
    """How often it stood in documents of models."""

    human_tokens: float
    model_tokens: float

    def __post_init__(self) -> None:
        """Refuse tables that a kernel would read beyond."""
        for each in (self.rarity, self.weights, self.human, self.model):
            if each.shape != (RUN_BUCKETS,) or each.dtype != np.float32:
                message = f"a table of runs has {RUN_BUCKETS:,} small floats"
                raise ValueError(message)
        if not np.isfinite(
            [self.human.max(), self.model.max(), self.human_tokens, self.model_tokens]
        ).all():
            message = "how often a run stood somewhere is a number"
            raise ValueError(message)

    def score(self, seen: Seen) -> tuple[float, float]:
        """Return the linear score, and the log-ratio of the two language models."""
        return (
            weigh(seen.run_buckets, seen.run_counts, self.rarity, self.weights),
            likelihood(seen.runs, self.human, self.model, self.human_tokens, self.model_tokens),
        )

    def unknown(self, seen: Seen) -> float:
        """Return the share of pairs of tokens that no fitted document had."""
        return unknown_share(seen.runs[1], self.rarity)
