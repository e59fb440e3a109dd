"""A detector with the human documents that its scores are ranked among."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phalanx.authorship.detector import Detector
from phalanx.authorship.features import Kind, Seen
from phalanx.authorship.reference.cells import Cell
from phalanx.errors import InputError

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
    detector: Detector, documents: Sequence[Seen], languages: Sequence[str], domain: str
) -> tuple[Cell, ...]:
    """Make the cells of one domain.

    Parameters:
        detector: That was fitted on none of the documents.
        documents: Written by humans, long enough for their kind.
        languages: Of each document.
        domain: What they are, such as `support tickets`.

    Raises:
        InputError: If there are fewer than `LEAST_DOCUMENTS`.
    """
    if len(documents) < LEAST_DOCUMENTS:
        message = f"{len(documents):,} human documents of {domain!r} are long enough to be used"
        advice = f"Calibrate on at least {LEAST_DOCUMENTS}: a claim at 1 % needs 99 of each length."
        raise InputError(message, next_step=advice)
    return cells_of(detector, documents, languages, [domain] * len(documents))


def cells_of(
    detector: Detector, documents: Sequence[Seen], languages: Sequence[str], domains: Sequence[str]
) -> tuple[Cell, ...]:
    """Sort human documents into cells, however few there are.

    Parameters:
        detector: That was fitted on none of them.
        documents: Long enough for their kind.
        languages: Of each document.
        domains: Of each document.
    """
    scores, strange = detector.scores(documents), detector.strangeness(documents)
    places: dict[tuple[str, str, int], list[int]] = {}
    for at, each in enumerate(documents):
        key = domains[at], languages[at], size_from(detector.kind, each.size)
        places.setdefault(key, []).append(at)
    return tuple(
        Cell(*key, np.sort(scores[rows]), strange[rows]) for key, rows in sorted(places.items())
    )
