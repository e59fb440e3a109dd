"""A detector with the human documents that its scores are ranked among."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from phalanx.authorship.detector import Detector, WithReadings
from phalanx.authorship.features import Kind, Seen
from phalanx.authorship.features.reader import Reader
from phalanx.authorship.reference.cells import Cell, Floats
from phalanx.authorship.views import View
from phalanx.errors import InputError

MOST_NAME = 200
"""Characters of the name of a domain."""

LEAST_DOCUMENTS = 200
"""Human documents of one domain that a calibration takes."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """A detector and its reference."""

    detector: Detector
    cells: tuple[Cell, ...]
    about: str
    """What the human documents are, in words."""

    digest: str = ""
    """SHA-256 of its file, in hexadecimal; empty where it was never written."""

    margin: float = 0.0
    """Taken from the score of a document whose domain is not named: see `margin`."""

    joined: WithReadings | None = None
    """How the readings of a language model count beside the detector; the cells rank the joined
    score then."""

    reader: Reader | None = None
    """Who reads; in no file."""

    def __post_init__(self) -> None:
        """Refuse what would raise scores, and readings that were joined with another detector."""
        if not (np.isfinite(self.margin) and self.margin >= 0.0):
            message = "a margin is a number that is not negative"
            raise ValueError(message)
        places = [(cell.domain, cell.language, cell.size_from) for cell in self.cells]
        if len(set(places)) < len(places):
            message = "two cells are for the same documents"
            raise ValueError(message)
        if any(cell.size_from not in self.detector.kind.sizes for cell in self.cells):
            message = "a cell begins at another length than its kind has"
            raise ValueError(message)
        if self.joined is not None and self.joined.detector is not self.detector:
            message = "readings are joined with the detector of the reference"
            raise ValueError(message)

    def scores(self, documents: Sequence[Seen], views: Sequence[View]) -> Floats:
        """Return the score of each document, readings joined where the detector has them.

        Parameters:
            documents: Of the kind of the detector.
            views: Of the same documents: what a language model reads is what is counted.

        Raises:
            InputError: If a language model must read, and there is none or it fails.
        """
        if self.joined is None:
            return self.detector.scores(documents)
        if self.reader is None:
            message = f"the detector was joined with readings of {self.joined.reader}"
            raise InputError(message, next_step="Name the folder of that model with --reader.")
        texts = [view.content.decode(errors="replace") for view in views]
        return self.joined.scores(documents, self.reader.readings(texts))

    def read_by(self, reader: Reader) -> Calibrated:
        """Return the same with a language model that reads.

        Raises:
            InputError: If it is not the model whose readings were joined.
        """
        if self.joined is None:
            message = "the detector was not joined with readings of a model"
            raise InputError(message, next_step="Join it first: phalanx authorship join.")
        if reader.digest != self.joined.reader_digest:
            message = (
                f"the detector was joined with readings of {self.joined.reader}, and {reader.name} "
                "is another model"
            )
            raise InputError(message, next_step="Name the same model, or join and calibrate anew.")
        return replace(self, reader=reader)

    def cells_for(self, size: int, language: str, domain: str | None) -> tuple[Cell, ...]:
        """Return the cells that a document belongs to: several where its domain is not named.

        Parameters:
            size: In words or lines.
            language: Of the document.
            domain: Of the document, or null.
        """
        begins = size_from(self.detector.kind, size)
        return tuple(
            cell
            for cell in self.cells
            if (cell.size_from, cell.language) == (begins, language)
            and domain in {None, cell.domain}
        )

    @property
    def domains(self) -> tuple[str, ...]:
        """Domains of the reference."""
        return tuple(sorted({cell.domain for cell in self.cells}))


def size_from(kind: Kind, size: int) -> int:
    """Return the size at which the cell of a document begins.

    Examples:
        >>> from phalanx.authorship.features import KINDS
        >>> size_from(KINDS["text"], 130), size_from(KINDS["code"], 5)
        (120, 10)
    """
    return max((each for each in kind.sizes if each <= size), default=kind.sizes[0])


def calibrate(
    detector: Detector,
    documents: Sequence[Seen],
    languages: Sequence[str],
    domain: str,
    scores: Floats | None = None,
) -> tuple[Cell, ...]:
    """Make the cells of one domain.

    Parameters:
        detector: That was fitted on none of the documents.
        documents: Written by humans, long enough for their kind.
        languages: Of each document.
        domain: What they are, such as `support tickets`.
        scores: Of each document, where readings are joined; those of the detector otherwise.

    Raises:
        InputError: If there are fewer than `LEAST_DOCUMENTS`, or the domain has no name.
    """
    if not 0 < len(domain.strip()) <= MOST_NAME:
        message = f"the name of a domain has 1 to {MOST_NAME} characters"
        raise InputError(message, next_step="Name what the documents are with --domain.")
    if len(documents) < LEAST_DOCUMENTS:
        message = f"{len(documents):,} human documents of {domain!r} are long enough to be used"
        advice = f"Calibrate on at least {LEAST_DOCUMENTS}: a claim at 1 % needs 99 of each length."
        raise InputError(message, next_step=advice)
    return cells_of(detector, documents, languages, [domain] * len(documents), scores)


def cells_of(
    detector: Detector,
    documents: Sequence[Seen],
    languages: Sequence[str],
    domains: Sequence[str],
    scores: Floats | None = None,
) -> tuple[Cell, ...]:
    """Sort human documents into cells, however few there are.

    Parameters:
        detector: That was fitted on none of them.
        documents: Long enough for their kind.
        languages: Of each document.
        domains: Of each document.
        scores: As `calibrate`.

    Raises:
        InputError: If a language model made a number of a document that is none.
    """
    ranked = detector.scores(documents) if scores is None else scores
    odd = int((~np.isfinite(ranked)).sum())
    if odd:
        message = f"{odd:,} of {len(documents):,} documents have a score that is no number"
        advice = "Leave them out, or name another model with --reader."
        raise InputError(message, next_step=advice)
    strange = detector.strangeness(documents)
    places: dict[tuple[str, str, int], list[int]] = {}
    for at, each in enumerate(documents):
        key = domains[at], languages[at], size_from(detector.kind, each.size)
        places.setdefault(key, []).append(at)
    return tuple(
        Cell(*key, np.sort(ranked[rows]), strange[rows]) for key, rows in sorted(places.items())
    )
