"""Output-heavy use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.signals.signal import Use


class LongAnswers:
    """Answers are longer than questions: the output is what is wanted.

    Sees: output tokens (or characters of the response) against input tokens.
    Evaded by: padding prompts, cover traffic (E5).
    Honest look-alikes: writing assistants, code generation, synthetic data.
    Hash-only logs: works.
    """

    rule_id = "PHX-D022"
    name = "Output-heavy use"
    habit = "answer longer than question"
    source = "use"
    columns: tuple[str, ...] = ("output_tokens", "response")

    def share(self, use: Use) -> npt.NDArray[np.float64]:
        """Return the share of each party's exchanges."""
        return use.share("long_outputs")
