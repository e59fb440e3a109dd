"""Capability focus."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.signals.signal import Use


class CapabilityFocus:
    """Traffic targets the skills that are worth copying: reasoning, grading, tool use.

    Sees: phrases of the lexicon, and requests that offer tools.
    Evaded by: mixing traffic (E5).
    Honest look-alikes: agents, coding tools, tutors.
    Hash-only logs: works.
    """

    rule_id = "PHX-D026"
    name = "Capability focus"
    habit = "targets reasoning, grading or tools"
    source = "use"
    columns: tuple[str, ...] = ("prompt", "tools_hash")

    def share(self, use: Use) -> npt.NDArray[np.float64]:
        """Return the share of each party's exchanges."""
        return use.share("targeted")
