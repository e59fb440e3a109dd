"""Which tensor does what in a model."""

from __future__ import annotations

from phalanx.provenance.roles.architecture import Architecture, Layer, view
from phalanx.provenance.roles.part import Part

__all__ = ["Architecture", "Layer", "Part", "view"]
