"""Known distillation sets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.signals.signal import Use


class KnownSets:
    """Prompts come from known seed sets of distillation, reworded or not.

    Sees: prompts half of whose runs of four words stand in a sketch that was given to the
    scan (`--known-corpus`; `phalanx sketch-corpus` makes sketches, and providers can
    exchange them). Works through cover traffic (E5): a twentieth of the traffic suffices
    where honest users send next to none.
    Evaded by: seeds of one's own, rewriting by a language model.
    Honest look-alikes: researchers who study the same sets; benchmark items, if a sketch
    holds them: make sketches of training seeds only.
    Hash-only logs: works; prompts are compared as the log is read.
    """

    rule_id = "PHX-D028"
    name = "Known distillation set"
    habit = "in a known seed set"
    source = "use"
    columns: tuple[str, ...] = ("prompt",)

    def share(self, use: Use) -> npt.NDArray[np.float64]:
        """Return the share of each party's exchanges."""
        return use.share("known")
