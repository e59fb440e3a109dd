"""Weights of a model as named tensors, read piece by piece and without torch."""

from __future__ import annotations

from phalanx.provenance.weights.checkpoint import Checkpoint, open_checkpoint
from phalanx.provenance.weights.tensor import Tensor

__all__ = ["Checkpoint", "Tensor", "open_checkpoint"]
