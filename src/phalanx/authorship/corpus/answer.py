"""What a corpus is consistent with, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from phalanx.authorship.corpus.clusters import clusters_of
from phalanx.authorship.corpus.share import CONFIDENCE, Rates, Share, interval, least_list, share_of
from phalanx.authorship.corpus.state import Table

Question = Literal["a model's writing", "what was served"]

_ERROR = (1.0 - CONFIDENCE) / 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What is said of all documents, to one question."""

    question: Question
    evaluable: int
    """Documents."""

    not_evaluable: int
    claimed: npt.NDArray[np.bool_]
    """Documents at or below the level, shape (documents,)."""

    listed: npt.NDArray[np.bool_]
    """Documents of clusters on the list, shape (documents,)."""

    share: Share
    rates: Rates
    list_needs: int | None
    """Clusters that must rank above all humans before any can be listed; null where nothing bounds
    what one may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Documents of which is known that the answer is yes, and how many of them were claimed."""

    claimed: int
    documents: int


def answered(
    table: Table, question: Question, level: float, rate: float, known: Known | None
) -> Answered:
    """Answer a question about a corpus.

    Parameters:
        table: What was noted.
        question: Which.
        level: At or below which a document is claimed.
        rate: Of false discoveries on the list of clusters.
        known: How the test did on documents of a model; null where nobody measured it.
    """
    log10_p = table.log10_p if question == "a model's writing" else table.served
    there = np.flatnonzero(~np.isnan(log10_p))
    _, groups = np.unique(np.array(table.groups, dtype=object)[there], return_inverse=True)
    clusters = clusters_of(table.bands[there], groups.astype(np.int64))
    rates = _rates(question, table.reference[there], level, known)
    share = share_of(log10_p[there], clusters, level, rates, rate)
    claimed = np.zeros(log10_p.size, dtype=np.bool_)
    claimed[there] = log10_p[there] <= np.log10(level) + 1e-9
    listed = np.zeros(log10_p.size, dtype=np.bool_)
    listed[there] = share.discovered[clusters] if there.size else False
    return Answered(
        question=question,
        evaluable=int(there.size),
        not_evaluable=int(log10_p.size - there.size),
        claimed=claimed,
        listed=listed,
        share=share,
        rates=rates,
        list_needs=least_list(share.clusters, int(table.reference[there].max()), level, rate)
        if question == "a model's writing" and there.size
        else None,
    )


def _rates(
    question: Question, references: npt.NDArray[np.int64], level: float, known: Known | None
) -> Rates:
    """Return how often the test errs, each bound with a third of the error."""
    # From below the rate is not bounded: a margin, the largest rank of several domains, ties and
    # the gate may all keep humans further from the level than a reference by itself does.
    false_high = level
    if question == "a model's writing" and references.size:
        # Which humans a reference holds is chance: the worst of the cells that were used counts.
        sizes = np.unique(references)
        false_high = max(_realised(int(size), level, _ERROR / sizes.size) for size in sizes)
    true_low, true_high = 0.0, 1.0
    if known is not None:
        true_low, true_high = interval(known.claimed, known.documents, _ERROR)
    return Rates(false_low=0.0, false_high=false_high, true_low=true_low, true_high=true_high)


def _realised(documents: int, level: float, error: float) -> float:
    """Return the bound of the rate at which a reference of so many flags humans.

    References:
        Vovk, "Conditional validity of inductive conformal predictors", Machine Learning 92 (2013).
    """
    flagged = int(np.floor(round(level * (documents + 1), 9)))
    # Of a domain that is too small for the level, whoever is claimed scores above all.
    flagged = max(flagged, 1)
    return float(beta(flagged, documents + 1 - flagged).isf(error))
