"""A detector joined by what a language model makes of the texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phalanx.authorship.detector.detector import Detector, Floats
from phalanx.authorship.features import Seen
from phalanx.authorship.features.readings import READING_NAMES, Reading, statistics_of


@dataclass(frozen=True, slots=True, eq=False)
class WithReadings:
    """A logistic model over the score of a detector and the statistics of readings."""

    detector: Detector
    reader: str
    """Name of the model that read."""

    reader_digest: str
    """Of its files: readings by another model are not on this scale."""

    centre: Floats
    """Shape (1 + statistics,), the score of the detector first."""

    spread: Floats
    """Positive, of the same shape."""

    weights: Floats
    """Of the standardised numbers, none of them negative."""

    intercept: float

    def __post_init__(self) -> None:
        """Refuse numbers that do not fit."""
        shapes = {each.shape for each in (self.centre, self.spread, self.weights)}
        if shapes != {(1 + len(READING_NAMES),)} or not (self.spread > 0).all():
            message = f"a joined detector has {1 + len(READING_NAMES)} numbers of each kind"
            raise ValueError(message)
        if not math.isfinite(self.intercept):
            message = "the intercept of a joined detector is a number"
            raise ValueError(message)

    def scores(self, documents: Sequence[Seen], readings: Sequence[Reading]) -> Floats:
        """Return the score of each document: the higher, the more like models. No probability.

        Parameters:
            documents: Of the kind of the detector.
            readings: Of the same documents, by the reader that is named.
        """
        said = joined(self.detector.scores(documents), readings)
        return np.asarray((said - self.centre) / self.spread @ self.weights + self.intercept)


def joined(scores: Floats, readings: Sequence[Reading]) -> Floats:
    """Return scores with the statistics of readings beside them, shape (documents, numbers)."""
    if len(readings) != scores.size:
        message = f"{scores.size} documents have {len(readings)} readings"
        raise ValueError(message)
    said = [statistics_of(each) for each in readings]
    return np.column_stack([scores, np.array(said).reshape(scores.size, len(READING_NAMES))])
