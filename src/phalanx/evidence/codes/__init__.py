"""Words that tell copies apart: codes against collusion, and whose word something resembles."""

from __future__ import annotations

from phalanx.evidence.codes.resemblance import (
    Resemblance,
    innocent_log10_sf,
    weigh_words,
)
from phalanx.evidence.codes.tardos import Code, CodePlan, plan_code

__all__ = [
    "Code",
    "CodePlan",
    "Resemblance",
    "innocent_log10_sf",
    "plan_code",
    "weigh_words",
]
