"""What is known of runs of bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phalanx.authorship.detector.weighing import Weights, weigh
from phalanx.authorship.features import Seen
from phalanx.authorship.features.seen import LETTER_BUCKETS


@dataclass(frozen=True, slots=True, eq=False)
class LetterTable:
    """A linear model over runs of bytes, shape (buckets,) each."""

    rarity: Weights
    """Inverse document frequency, natural logarithm; 0 for runs that are not known."""

    weights: Weights

    def __post_init__(self) -> None:
        """Refuse tables that a kernel would read beyond."""
        for each in (self.rarity, self.weights):
            if each.shape != (LETTER_BUCKETS,) or each.dtype != np.float32:
                message = f"a table of letters has {LETTER_BUCKETS:,} small floats"
                raise ValueError(message)

    def score(self, seen: Seen) -> float:
        """Return the linear score of a document."""
        return weigh(seen.letter_buckets, seen.letter_counts, self.rarity, self.weights)
