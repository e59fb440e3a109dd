"""Cells of human documents, ranks among them, and the gate against shift."""

from __future__ import annotations

from phalanx.authorship.reference.calibrated import Calibrated, calibrate
from phalanx.authorship.reference.cells import Cell, needed_for
from phalanx.authorship.reference.model_file import read_model, shipped_models, write_model

__all__ = [
    "Calibrated",
    "Cell",
    "calibrate",
    "needed_for",
    "read_model",
    "shipped_models",
    "write_model",
]
