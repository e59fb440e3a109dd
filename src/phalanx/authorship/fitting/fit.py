"""Fitting: parts on one share of the documents, their fusion on what they say of the others.

What a part says of documents that it was fitted on is worth nothing to the fusion. Nor is what it
says of others of the same source worth much where the next document comes from a new one: so half
of the folds hold out documents at random, the other half whole sources.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.authorship.detector import (
    Detector,
    FormTable,
    Fusion,
    LetterTable,
    RunTable,
    components,
)
from phalanx.authorship.features import Kind, Seen
from phalanx.authorship.fitting.logistic import fit_logistic
from phalanx.authorship.fitting.margin import Rows, Sparse
from phalanx.authorship.fitting.tables import (
    counts_of_letters,
    counts_of_runs,
    fit_form,
    fit_letters,
    fit_runs,
)
from phalanx.errors import InputError

LEAST_OF_EACH = 100
"""Documents of humans, and of models, below which nothing is fitted."""

_FOLDS = 3
_MOST_SOURCES = 4
_FUSION_RIDGE = 1.0
_FREE = 10.0
"""A column of so many ones is shrunk by the square of it less."""

_SEED = 1

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Documents whose authors are known."""

    documents: Sequence[Seen]
    is_model: npt.NDArray[np.bool_]
    """Whether a model wrote it, shape (documents,)."""

    group: npt.NDArray[np.int64]
    """Documents with one number, such as answers to one task, are never parted by a fold."""

    source: npt.NDArray[np.int64]
    """Documents with one number come from one collection."""

    whole: npt.NDArray[np.bool_] | None = None
    """False for the beginning of another document here: the fusion alone is fitted to those."""


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """What is fitted on, counted once for all folds."""

    labelled: Labelled
    runs: Sparse
    letters: Sparse
    forms: npt.NDArray[np.float64]
    tokens: Rows
    whole: npt.NDArray[np.bool_]

    def parts(self, rows: Rows) -> tuple[RunTable, LetterTable, FormTable]:
        """Fit all parts to those of some documents that are whole."""
        rows = rows[self.whole[rows]]
        is_model = self.labelled.is_model[rows]
        return (
            fit_runs(self.runs, rows, is_model, self.tokens[rows]),
            fit_letters(self.letters, rows, is_model),
            fit_form(self.forms[rows], is_model),
        )


def fit_detector(
    labelled: Labelled,
    kind: Kind,
    languages: tuple[str, ...],
    about: str,
    progress: Progress | None = None,
) -> Detector:
    """Fit a detector.

    Parameters:
        labelled: Documents of both kinds of author.
        kind: Of the documents.
        languages: That they are written in.
        about: What they are, in words.
        progress: Told the stage and the share that is done.

    Raises:
        InputError: If there are too few documents of humans or of models.
    """
    models = int(labelled.is_model.sum())
    humans = len(labelled.documents) - models
    if min(models, humans) < LEAST_OF_EACH:
        message = (
            f"{humans:,} documents of humans and {models:,} of models cannot be fitted to: "
            f"{LEAST_OF_EACH} of each are needed"
        )
        raise InputError(message, next_step="Hand in more documents of at least 30 words.")
    told = progress or (lambda _stage, _share: None)
    counts = _Counts(
        labelled,
        counts_of_runs(labelled.documents, labelled.group),
        counts_of_letters(labelled.documents, labelled.group),
        np.stack([each.form for each in labelled.documents]),
        np.array([each.runs.shape[1] for each in labelled.documents]),
        np.ones(len(labelled.documents), np.bool_) if labelled.whole is None else labelled.whole,
    )
    folds = _folds(labelled)
    said: list[npt.NDArray[np.float64]] = []
    for at, out in enumerate(folds):
        told("fitting", at / (len(folds) + 1))
        inside = np.setdiff1d(np.arange(len(labelled.documents)), out)
        parts = counts.parts(inside)
        said.append(components([labelled.documents[row] for row in out], *parts))
    told("fitting", len(folds) / (len(folds) + 1))
    fusion = fit_fusion(said, [labelled.is_model[out] for out in folds])
    fitted = counts.parts(np.arange(len(labelled.documents)))
    return Detector(kind, languages, *fitted, fusion, about)


def fit_fusion(
    said: Sequence[npt.NDArray[np.float64]], is_model: Sequence[npt.NDArray[np.bool_]]
) -> Fusion:
    """Fit the fusion to what parts said of documents that they were not fitted on.

    Each fold has an intercept of its own: how a collection stands as a whole says nothing of who
    wrote what in it. No part may speak for the other side, which is what chance would have it do.

    Parameters:
        said: Of each fold, shape (documents, parts).
        is_model: Of each fold, class of each document.
    """
    rows, truth = np.concatenate(said), np.concatenate(is_model)
    centre = rows.mean(axis=0)
    spread = np.maximum(rows.std(axis=0), 1e-9)
    fold = np.repeat(np.arange(len(said)), [each.shape[0] for each in said])
    # The first fold has the common intercept; the others' are next to free of the ridge.
    own = _FREE * (fold[:, None] == np.arange(1, len(said)))
    weights, intercept = fit_logistic(
        np.hstack([(rows - centre) / spread, own]), truth, _FUSION_RIDGE, rising=centre.size
    )
    return Fusion(centre, spread, weights[: centre.size], intercept)


def _folds(labelled: Labelled) -> list[Rows]:
    """Return the documents that each fold holds out, both classes on both sides."""
    random = np.random.default_rng(_SEED)
    groups, number = np.unique(labelled.group, return_inverse=True)
    at = random.integers(0, _FOLDS, groups.size)[number]
    folds = [np.flatnonzero(at == fold) for fold in range(_FOLDS)]
    sources, sizes = np.unique(labelled.source, return_counts=True)
    if sources.size > 1:
        largest = sources[np.argsort(-sizes, kind="stable")][:_MOST_SOURCES]
        folds += [np.flatnonzero(labelled.source == each) for each in largest]
    return [out for out in folds if out.size and _both(labelled.is_model, out)]


def _both(is_model: npt.NDArray[np.bool_], out: Rows) -> bool:
    """Whether both kinds of author remain on both sides of a fold."""
    inside = np.ones(is_model.size, dtype=np.bool_)
    inside[out] = False
    return all(each.any() and not each.all() for each in (is_model[out], is_model[inside]))
