"""Marks in weights: each recipient's copy carries its own word, and copies of the copy keep it."""

from __future__ import annotations

from phalanx.provenance.weight_marks.alignment import Layer, aligned_layer, similar_layers
from phalanx.provenance.weight_marks.finding import MarkFinding
from phalanx.provenance.weight_marks.mark import MarkPlan, WeightMark, plan_mark
from phalanx.provenance.weight_marks.reader import MarkReader
from phalanx.provenance.weight_marks.register import MarkRegister, read_register
from phalanx.provenance.weight_marks.release import Release, plan_release, write_release
from phalanx.provenance.weight_marks.rotation import (
    reads_stream,
    stream_turn,
    with_fitted_columns,
    writes_stream,
)
from phalanx.provenance.weight_marks.trace import MarkTrace, Reading, trace_mark

__all__ = [
    "Layer",
    "MarkFinding",
    "MarkPlan",
    "MarkReader",
    "MarkRegister",
    "MarkTrace",
    "Reading",
    "Release",
    "WeightMark",
    "aligned_layer",
    "plan_mark",
    "plan_release",
    "read_register",
    "reads_stream",
    "similar_layers",
    "stream_turn",
    "trace_mark",
    "with_fitted_columns",
    "write_release",
    "writes_stream",
]
