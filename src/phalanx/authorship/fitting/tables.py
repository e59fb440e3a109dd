"""Tables of n-grams and steps of the form, fitted to some of the documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numba
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from phalanx.authorship.detector import FormTable, LetterTable, RunTable
from phalanx.authorship.detector.weighing import small, small_counts
from phalanx.authorship.features import Seen
from phalanx.authorship.features.seen import LETTER_BUCKETS, RUN_BUCKETS
from phalanx.authorship.fitting.logistic import fit_logistic
from phalanx.authorship.fitting.margin import Floats, Numbers, Rows, Sparse, fit_margin

Truth = npt.NDArray[np.bool_]

LEAST_GROUPS = 3
"""Groups of documents that an n-gram must stand in to be known: what answers to one task alone
have, or one author, is a subject or a name."""

_RUN_STRENGTH = 1.0
_LETTER_STRENGTH = 1.0
_FORM_RIDGE = 10.0
_STEPS = 8


def counts_of_runs(documents: Sequence[Seen], group: Rows) -> Sparse:
    """Return how often each run stands in each document.

    Parameters:
        documents: All of them.
        group: Documents with one number count as one where it is asked how many have a run.
    """
    found = [(each.run_buckets, each.run_counts) for each in documents]
    return _counts(found, group, RUN_BUCKETS)


def counts_of_letters(documents: Sequence[Seen], group: Rows) -> Sparse:
    """Return how often each run of bytes stands in each document; parameters as above."""
    found = [(each.letter_buckets, each.letter_counts) for each in documents]
    return _counts(found, group, LETTER_BUCKETS)


def fit_runs(counts: Sparse, rows: Rows, is_model: Truth, tokens: Rows) -> RunTable:
    """Fit a table of runs.

    Parameters:
        counts: Of all documents.
        rows: Documents that are fitted to.
        is_model: Class of each of these.
        tokens: Of each of these.
    """
    rarity, weights = _linear(counts, rows, is_model, _RUN_STRENGTH)
    human, model = (
        small_counts(_sums(counts.starts, counts.columns, counts.values, rows[each], rarity))
        for each in (~is_model, is_model)
    )
    return RunTable(
        rarity, weights, human, model, float(tokens[~is_model].sum()), float(tokens[is_model].sum())
    )


def fit_letters(counts: Sparse, rows: Rows, is_model: Truth) -> LetterTable:
    """Fit a table of runs of bytes.

    Parameters:
        counts: Of all documents.
        rows: Documents that are fitted to.
        is_model: Class of each of these.
    """
    return LetterTable(*_linear(counts, rows, is_model, _LETTER_STRENGTH))


def fit_form(forms: npt.NDArray[np.float64], is_model: Truth) -> FormTable:
    """Fit the steps of the form: borders are quantiles of all documents.

    Parameters:
        forms: Shape (documents, numbers).
        is_model: Class of each document.
    """
    edges = np.quantile(forms, np.arange(1, _STEPS) / _STEPS, axis=0).T
    numbers = forms.shape[1]
    low, centre, high = np.quantile(forms, (0.25, 0.5, 0.75), axis=0)
    spread = np.maximum(high - low, 0.5 * forms.std(axis=0) + 1e-9)
    empty = FormTable(edges, np.zeros((numbers, _STEPS)), centre, spread)
    at = empty.steps(forms) + np.arange(numbers) * _STEPS
    starts = np.arange(forms.shape[0] + 1) * numbers
    rows = csr_matrix(
        (np.ones(at.size), at.ravel(), starts), shape=(forms.shape[0], numbers * _STEPS)
    )
    weights, _ = fit_logistic(rows, is_model, _FORM_RIDGE)
    return FormTable(edges, weights.reshape(numbers, _STEPS), centre, spread)


def _counts(found: Sequence[tuple[Numbers, Numbers]], group: Rows, buckets: int) -> Sparse:
    starts = np.concatenate([[0], np.cumsum([each.size for each, _ in found])]).astype(np.int64)
    columns = np.concatenate([each for each, _ in found])
    counts = np.concatenate([each for _, each in found]).astype(np.float32)
    return Sparse(starts, columns, counts, buckets, group)


def _linear(counts: Sparse, rows: Rows, is_model: Truth, strength: float) -> tuple[Floats, Floats]:
    """Fit a linear model to tf-idf vectors of length one, over what enough documents have."""
    grouped = rows[np.argsort(counts.groups[rows], kind="stable")]
    having = _having(counts.starts, counts.columns, grouped, counts.groups, counts.width)
    known = having >= LEAST_GROUPS
    groups = np.unique(counts.groups[rows]).size
    rarity = np.where(known, np.log((1.0 + groups) / (1.0 + having)) + 1.0, 0.0)
    rarity = small(rarity)
    values = _weighed(counts.starts, counts.columns, counts.values, rows, rarity)
    table = replace(counts, values=values)
    weights = fit_margin(table, rows, is_model, strength)
    return rarity, small(np.where(known, weights, 0.0))


@numba.njit(cache=True, nogil=True)
def _having(
    starts: Rows, columns: Numbers, rows: Rows, groups: Rows, width: int
) -> npt.NDArray[np.float64]:
    """Count the groups that have each column; rows come group by group."""
    found = np.zeros(width)
    last = np.full(width, -1, dtype=np.int64)
    for row in rows:
        for place in range(starts[row], starts[row + 1]):
            column = columns[place]
            if last[column] != groups[row]:
                last[column] = groups[row]
                found[column] += 1.0
    return found


@numba.njit(cache=True, nogil=True)
def _sums(starts: Rows, columns: Numbers, values: Floats, rows: Rows, rarity: Floats) -> Floats:
    """Add up each known column."""
    found = np.zeros(rarity.size, dtype=np.float32)
    for row in rows:
        for place in range(starts[row], starts[row + 1]):
            if rarity[columns[place]] > 0.0:
                found[columns[place]] += values[place]
    return found


@numba.njit(cache=True, nogil=True)
def _weighed(starts: Rows, columns: Numbers, values: Floats, rows: Rows, rarity: Floats) -> Floats:
    """Return tf-idf vectors of length one in the places of the counts."""
    found = np.zeros(values.size, dtype=np.float32)
    for row in rows:
        squares = 0.0
        for place in range(starts[row], starts[row + 1]):
            found[place] = (1.0 + np.log(values[place])) * rarity[columns[place]]
            squares += found[place] * found[place]
        length = np.sqrt(max(squares, 1e-12))
        for place in range(starts[row], starts[row + 1]):
            found[place] /= length
    return found
