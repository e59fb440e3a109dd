"""Equalised load."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.codes import MISSING
from phalanx.detect.links.family import PACE, Moment, Source

BINS_PER_OCTAVE = (8, 2)
"""Resolutions at which volumes are compared."""


class EqualisedLoad:
    """Parties send equally many exchanges in one step.

    Sees: exchanges of each party in a step after the group was formed, in bins of an eighth
    and of half an octave, against the volumes of parties that were equally busy until
    then. A router that asks the least used account deals out equal shares.
    Evaded by: weights of their own for the accounts, sticky sessions (E3).
    Honest look-alikes: jobs of one tool with a default number of calls; exercises of a
    class. What explains equal times explains equal volumes: both are of one source.
    Hash-only logs: works.
    """

    rule_id = "PHX-D010"
    name = "Equalised load"
    source: Source = "timing"
    stratum = PACE
    columns: tuple[str, ...] = ("timestamp",)

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:
        """Return the bin of each party's volume in this step, finest first."""
        sent = moment.population.activity.total("exchanges", moment.step, moment.step)
        octaves = np.log2(np.maximum(sent, 1.0))
        return tuple(
            np.where(sent > 0, np.floor(bins * octaves), MISSING).astype(np.int64)
            for bins in BINS_PER_OCTAVE
        )
