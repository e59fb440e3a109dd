"""Tests of whether a model was made from ours."""

from __future__ import annotations

from phalanx.provenance.tests.asked import ProvenanceTest, installed_tests
from phalanx.provenance.tests.compare import compare_weights
from phalanx.provenance.tests.comparison import Comparison
from phalanx.provenance.tests.findings import Outcome, Test, of_coins
from phalanx.provenance.tests.layer_map import LayerMap
from phalanx.provenance.tests.plan import Plan
from phalanx.provenance.tests.tokenizers import (
    Tokenizer,
    TokenizerComparison,
    compare_tokenizers,
    read_tokenizer,
)

__all__ = [
    "Comparison",
    "LayerMap",
    "Outcome",
    "Plan",
    "ProvenanceTest",
    "Test",
    "Tokenizer",
    "TokenizerComparison",
    "compare_tokenizers",
    "compare_weights",
    "installed_tests",
    "of_coins",
    "read_tokenizer",
]
