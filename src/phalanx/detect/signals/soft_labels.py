"""Sampling for soft labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.signals.signal import Use


class SoftLabels:
    """Several answers at once, or log-probabilities: soft labels for a student.

    Sees: requests with `n` above one or with `logprobs`.
    Evaded by: asking again for each answer; few interfaces still give log-probabilities.
    Honest look-alikes: evaluation harnesses, best-of-n serving, calibration research.
    Hash-only logs: works.
    """

    rule_id = "PHX-D027"
    name = "Sampling for soft labels"
    habit = "several answers or log-probabilities"
    source = "use"
    columns: tuple[str, ...] = ("n", "logprobs")

    def share(self, use: Use) -> npt.NDArray[np.float64]:
        """Return the share of each party's exchanges."""
        return use.share("soft_labels")
