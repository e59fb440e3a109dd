"""Elicitation of training material."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.signals.signal import Use


class Elicitation:
    """Prompts ask for what students are trained on: reasoning traces, rubrics, question sets.

    Sees: phrases of a lexicon in seven languages, in prompts and system prompts.
    Evaded by: natural wording, other languages, paraphrase (E4).
    Honest look-alikes: teachers, evaluators, makers of synthetic data.
    Hash-only logs: works; the lexicon is applied as the log is read.
    """

    rule_id = "PHX-D025"
    name = "Elicitation of training material"
    habit = "asks for training material"
    source = "use"
    columns: tuple[str, ...] = ("prompt",)

    def share(self, use: Use) -> npt.NDArray[np.float64]:
        """Return the share of each party's exchanges."""
        return use.share("elicitation")
