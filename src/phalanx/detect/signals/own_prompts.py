"""Prompts of nobody else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.signals.signal import Use


class OwnPrompts:
    """Prompts that no unrelated party sends: neither a benchmark nor a framework's own.

    Sees: exchanges whose exact prompt fewer than three parties outside of the group sent.
    Evaded by: nothing that helps; a harvest of public prompts is known by PHX-D028.
    Honest look-alikes: everybody who writes prompts.
    Hash-only logs: works.
    """

    rule_id = "PHX-D024"
    name = "Prompts of nobody else"
    habit = "not public"
    source = "use"
    columns: tuple[str, ...] = ("prompt",)

    def share(self, use: Use) -> npt.NDArray[np.float64]:
        """Return the share of each party's exchanges."""
        return 1.0 - use.public / np.maximum(use.total("exchanges"), 1.0)
