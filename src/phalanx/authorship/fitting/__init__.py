"""A detector is fitted to documents of humans and of models."""

from __future__ import annotations

from phalanx.authorship.fitting.fit import Labelled, fit_detector
from phalanx.authorship.fitting.joining import join_readings

__all__ = ["Labelled", "fit_detector", "join_readings"]
