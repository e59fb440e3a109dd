"""A detector is fitted to documents of humans and of models."""

from __future__ import annotations

from phalanx.authorship.fitting.fit import Labelled, fit_detector

__all__ = ["Labelled", "fit_detector"]
