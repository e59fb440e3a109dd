"""A fitted detector: parts that read different things, and their fusion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.authorship.detector.form_table import FormTable
from phalanx.authorship.detector.letter_table import LetterTable
from phalanx.authorship.detector.run_table import RunTable
from phalanx.authorship.features import Kind, Seen

Floats = npt.NDArray[np.float64]

SCORE_NAMES = ("words", "likelihood ratio", "letters", "form", "bits per byte")
"""What each part says, in order."""

_SHORTER = 0.55
"""Bits for each byte that zlib saves on a document of e times the words, measured on
essays, news and stories. Without it the fusion would read off how long a document is."""


@dataclass(frozen=True, slots=True, eq=False)
class Fusion:
    """A logistic model over what the parts say."""

    centre: Floats
    """Shape (parts,)."""

    spread: Floats
    """Shape (parts,), positive."""

    weights: Floats
    """Of the standardised parts, shape (parts,)."""

    intercept: float

    def __post_init__(self) -> None:
        """Refuse numbers that do not fit the parts."""
        shapes = {each.shape for each in (self.centre, self.spread, self.weights)}
        if shapes != {(len(SCORE_NAMES),)} or not (self.spread > 0).all():
            message = f"a fusion has {len(SCORE_NAMES)} numbers of each kind"
            raise ValueError(message)
        if not math.isfinite(self.intercept):
            message = "the intercept of a fusion is a number"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, eq=False)
class Detector:
    """What is needed to score documents of one kind."""

    kind: Kind
    languages: tuple[str, ...]
    """Of the documents that it was fitted on: it says nothing of others."""

    runs: RunTable
    letters: LetterTable
    form: FormTable
    fusion: Fusion
    about: str
    """What it was fitted on, in words."""

    def __post_init__(self) -> None:
        """Refuse a form of another kind of document."""
        if self.form.weights.shape[0] != len(self.kind.form_names):
            message = f"a form of {self.kind.name} has {len(self.kind.form_names)} numbers"
            raise ValueError(message)

    def scores(self, documents: Sequence[Seen]) -> Floats:
        """Return the score of each document: the higher, the more like models. No probability.

        Parameters:
            documents: Of this kind.
        """
        return fused(self.fusion, components(documents, self.runs, self.letters, self.form))

    def strangeness(self, documents: Sequence[Seen]) -> Floats:
        """Return how unlike anything that was fitted each document is, shape (documents, 2).

        The share of pairs of tokens that nobody had, and the distance in form: neither knows who
        wrote what.
        """
        if not documents:
            return np.zeros((0, 2))
        unknown = [self.runs.unknown(each) for each in documents]
        forms = np.stack([each.form for each in documents])
        return np.column_stack([unknown, self.form.distances(forms)])


def components(
    documents: Sequence[Seen], runs: RunTable, letters: LetterTable, form: FormTable
) -> Floats:
    """Return what each part says of each document, shape (documents, parts)."""
    if not documents:
        return np.zeros((0, len(SCORE_NAMES)))
    formed = form.scores(np.stack([each.form for each in documents]))
    return np.array(
        [
            (
                *runs.score(each),
                letters.score(each),
                said,
                each.bits_per_byte + _SHORTER * np.log(each.size + 1.0),
            )
            for each, said in zip(documents, formed, strict=True)
        ]
    )


def fused(fusion: Fusion, parts: Floats) -> Floats:
    """Return the log-odds of the fusion for what the parts said, shape (documents,)."""
    return np.asarray((parts - fusion.centre) / fusion.spread @ fusion.weights + fusion.intercept)
