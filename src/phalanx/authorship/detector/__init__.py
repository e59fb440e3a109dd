"""Scores of a document, and the file that holds what they need."""

from __future__ import annotations

from phalanx.authorship.detector.detector import (
    SCORE_NAMES,
    Detector,
    Fusion,
    components,
    fused,
)
from phalanx.authorship.detector.form_table import FormTable
from phalanx.authorship.detector.letter_table import LetterTable
from phalanx.authorship.detector.run_table import RunTable
from phalanx.authorship.detector.with_readings import WithReadings

__all__ = [
    "SCORE_NAMES",
    "Detector",
    "FormTable",
    "Fusion",
    "LetterTable",
    "RunTable",
    "WithReadings",
    "components",
    "fused",
]
