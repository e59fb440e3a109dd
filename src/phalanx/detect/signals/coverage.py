"""Coverage growth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.signals.signal import Use


class CoverageGrowth:
    """Prompts keep being new: a systematic sweep does not repeat itself.

    Sees: exchanges whose exact prompt the same account has not sent before.
    Evaded by: sending prompts twice, cover traffic (E5).
    Honest look-alikes: people, who hardly repeat themselves either; bulk classification.
    Hash-only logs: works.
    """

    rule_id = "PHX-D023"
    name = "Coverage growth"
    habit = "not sent before"
    source = "use"
    columns: tuple[str, ...] = ("prompt",)

    def share(self, use: Use) -> npt.NDArray[np.float64]:
        """Return the share of each party's exchanges."""
        return use.share("new_prompts")
