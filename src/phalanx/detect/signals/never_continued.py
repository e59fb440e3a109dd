"""No downstream use: nobody goes on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.signals.signal import Use


class NeverContinued:
    """Answers are taken and nothing is asked back: no downstream use.

    Sees: exchanges without earlier turns; where the log names conversations, the share of
    conversations per exchange, if smaller.
    Evaded by: fake follow-ups, cover traffic (E5).
    Honest look-alikes: classification, extraction, translation, evaluation.
    Hash-only logs: works.
    """

    rule_id = "PHX-D021"
    name = "No downstream use"
    habit = "never continued"
    source = "use"
    columns: tuple[str, ...] = ("conversation_id", "prompt")

    def share(self, use: Use) -> npt.NDArray[np.float64]:
        """Return the share of each party's exchanges."""
        conversed = use.total("conversed")
        per_exchange = use.total("conversations") / np.maximum(conversed, 1.0)
        return np.minimum(use.share("first_turns"), np.where(conversed > 0, per_exchange, 1.0))
