"""Does a suspect answer as ours does more often than independent models on like data?"""

from __future__ import annotations

from phalanx.provenance.panel_test.panel import (
    PanelFinding,
    QuestionSet,
    agreement,
    telling,
    weigh_agreement,
)

__all__ = ["PanelFinding", "QuestionSet", "agreement", "telling", "weigh_agreement"]
