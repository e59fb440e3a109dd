"""Cells of human documents, and the rank of a document among those of a cell."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp
from scipy.stats import beta, betabinom

from phalanx.evidence import conformal_p_values

Floats = npt.NDArray[np.float64]

STRANGE = (0.02, 0.2)
"""Ranks of strangeness at which documents of a batch are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """Human documents of one domain, language and length, by what the detector says of them."""

    domain: str
    language: str
    size_from: int
    """Least size of its documents, in words or lines; the next cell begins at another."""

    scores: Floats
    """Of its documents, none of which the detector was fitted on, shape (documents,)."""

    strangeness: Floats
    """How unlike anything fitted they are, shape (documents, 2)."""

    def __post_init__(self) -> None:
        """Refuse what is no cell."""
        if self.strangeness.shape != (self.scores.size, 2):
            message = "each document of a cell has one score and two kinds of strangeness"
            raise ValueError(message)
        if not (np.isfinite(self.scores).all() and np.isfinite(self.strangeness).all()):
            message = "scores of a cell are finite"
            raise ValueError(message)

    @property
    def documents(self) -> int:
        """How many there are."""
        return int(self.scores.size)

    def p_values(self, scores: Floats) -> Floats:
        """Return the rank of each score among the cell's, ties against the document.

        Null hypothesis of each: its document and those of the cell are exchangeable. A score that
        is no number ranks lowest: sorted among numbers it would come out on top.
        """
        ranks = conformal_p_values(scores, self.scores)
        return np.where(np.isfinite(scores), ranks, 1.0)

    def strange_p_values(self, strangeness: Floats) -> Floats:
        """Return the rank of the stranger of two traits, charged for both.

        Null hypothesis: as `p_values`. Small values say that the reference does not speak for the
        document, whoever wrote it.

        Parameters:
            strangeness: Shape (documents, 2).
        """
        ranks = [conformal_p_values(strangeness[:, at], self.strangeness[:, at]) for at in (0, 1)]
        return np.asarray(np.minimum(1.0, 2.0 * np.minimum(*ranks)))


def needed_for(level: float) -> int:
    """Return the human documents that a cell must have for a claim at a level.

    Examples:
        >>> needed_for(0.01), needed_for(0.001)
        (99, 999)
    """
    return math.ceil(round(1.0 / level, 9)) - 1


def realised_interval(documents: int, level: float) -> tuple[float, float]:
    """Return the 95 % interval of the rate at which a reference of this size flags humans.

    Which documents the reference holds is chance. On average over references the rate is at most
    the level; of one reference it follows a beta law.

    Parameters:
        documents: Of the reference.
        level: Of the claim.

    Returns:
        Zeros where the reference is too small for any claim.

    References:
        Vovk, "Conditional validity of inductive conformal predictors", Machine Learning 92 (2013).

    Examples:
        >>> [round(each, 4) for each in realised_interval(199, 0.01)]
        [0.0012, 0.0277]
    """
    flagged = math.floor(round(level * (documents + 1), 9))
    if flagged < 1:
        return 0.0, 0.0
    law = beta(flagged, documents + 1 - flagged)
    return float(law.ppf(0.025)), float(law.ppf(0.975))


def batch_log10_p(p_values: Floats, documents: int, level: float) -> float:
    """Return how unlikely so many small p-values of one cell are, if all nulls are true.

    The p-values share the cell's reference, so they rise and fall together. The number of them at
    or below a level is beta-binomial, exactly where scores are continuous.

    Null hypothesis: all documents and those of the cell are exchangeable.

    Parameters:
        p_values: Of all documents that were asked about in the cell, shape (m,).
        documents: Of the cell's reference.
        level: At which they are counted.

    Returns:
        Base-10 logarithm; 0 where the reference reaches no p-value so small.

    Examples:
        >>> round(batch_log10_p(np.array([0.01, 0.5, 0.9]), 99, 0.01), 2)
        -1.53
    """
    places = math.floor(round(level * (documents + 1), 9))
    small = int((p_values <= level + 1e-12).sum())
    return count_log10_p(small, p_values.size, places, documents)


def count_log10_p(small: int, asked: int, places: int, documents: int) -> float:
    """Return how unlikely it is that so many documents score above all but a few of a cell.

    Null hypothesis: as `batch_log10_p`.

    Parameters:
        small: Documents that do.
        asked: All that were asked about.
        places: One more than the few: ranks of a document that count.
        documents: Of the cell's reference.

    Returns:
        Base-10 logarithm; 0 where no rank counts.
    """
    if places < 1 or not small:
        return 0.0
    law = betabinom(asked, places, documents + 1 - places)
    logs = law.logpmf(np.arange(small, asked + 1))
    return min(0.0, float(logsumexp(logs)) / math.log(10.0))


def shift_log10_p(ranks: Floats, documents: int) -> float:
    """Return how unlikely it is that so many documents of a batch are strange by chance.

    A few that are very strange and many that are a little strange both count, at two levels of
    which each has half of the error.

    Null hypothesis: as `batch_log10_p`.

    Parameters:
        ranks: Of strangeness, of all documents of the batch, shape (m,).
        documents: Of the cell's reference, the smallest of several.

    Returns:
        Base-10 logarithm of the corrected p-value.

    Examples:
        >>> shift_log10_p(np.full(50, 0.02), 99) < -6
        True
        >>> shift_log10_p(np.full(50, 0.9), 99)
        0.0
    """
    logs = [batch_log10_p(ranks, documents, level) for level in STRANGE]
    return min(0.0, min(logs) + math.log10(len(STRANGE)))
