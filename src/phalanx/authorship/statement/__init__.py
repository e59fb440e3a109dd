"""One statement of all evidence about a text, what is surest first."""

from __future__ import annotations

from phalanx.authorship.statement.fusing import Statement, Step, fused, statistics_of

__all__ = ["Statement", "Step", "fused", "statistics_of"]
