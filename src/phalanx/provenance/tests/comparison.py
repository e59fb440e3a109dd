"""What the weights of two models say about each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from phalanx.model import ExactEvidence
from phalanx.provenance.roles import Architecture
from phalanx.provenance.tests.decoys import Decoys
from phalanx.provenance.tests.findings import Result
from phalanx.provenance.tests.layer_map import LayerMap


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What the weights of two models say about each other."""

    results: tuple[Result, ...]
    """Every test that was planned, corrected together (Holm)."""

    layers: LayerMap | None
    """Which blocks come from which; null if no two could be compared."""

    decoys: Decoys | None
    """How the law of the third test fared on these models; null if it was not asked."""

    embedding_likeness: float | None
    """Centred kernel alignment of the embeddings, for reading only; null without embeddings."""

    ours: Architecture
    """What was recognised in our model."""

    theirs: Architecture
    """What was recognised in the suspect."""

    not_finite: Mapping[str, int]
    """Tensors of the suspect or of ours with NaN or infinite numbers, and how many; they counted
    as zero."""

    notes: tuple[str, ...]
    """What could not be compared, and what was left out."""

    @property
    def decides(self) -> bool:
        """Whether any test was asked that may decide."""
        return any(isinstance(each, ExactEvidence) and each.decisive for _, each in self.results)

    @property
    def log10_p(self) -> float:
        """Strongest p-value of a test that may decide, corrected, base-10 logarithm."""
        return min(
            (
                each.log10_p
                for _, each in self.results
                if isinstance(each, ExactEvidence) and each.decisive
            ),
            default=0.0,
        )
