"""Marks in weights: each recipient's copy carries its own word, and copies of the copy keep it."""

from __future__ import annotations

from phalanx.provenance.weight_marks.alignment import Layer, aligned_layer, similar_layers
from phalanx.provenance.weight_marks.finding import MarkFinding
from phalanx.provenance.weight_marks.mark import MarkPlan, WeightMark, plan_mark
from phalanx.provenance.weight_marks.reader import MarkReader
from phalanx.provenance.weight_marks.rotation import (
    reads_stream,
    stream_turn,
    with_fitted_columns,
    writes_stream,
)

__all__ = [
    "Layer",
    "MarkFinding",
    "MarkPlan",
    "MarkReader",
    "WeightMark",
    "aligned_layer",
    "plan_mark",
    "reads_stream",
    "similar_layers",
    "stream_turn",
    "with_fitted_columns",
    "writes_stream",
]
