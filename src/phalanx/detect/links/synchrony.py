"""Synchronised activity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.codes import MISSING
from phalanx.detect.links.family import Moment, Source

BIN_MINUTES = (10, 30, 120)
"""Resolutions at which times within a step are compared."""


class SynchronisedActivity:
    """Parties are active at the same times of one step.

    Sees: the time of one exchange per party and step, picked without regard to its
    content, against the times of the cohort of the same country in the same step, so that
    hours of office and of release are common causes, not evidence.
    Evaded by: jitter, separate schedules (E3).
    Honest look-alikes: lessons; jobs that start on the hour by default.
    Hash-only logs: works.
    """

    rule_id = "PHX-D008"
    name = "Synchronised activity"
    source: Source = "timing"
    stratum = "country"
    columns: tuple[str, ...] = ("timestamp",)

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:
        """Return the bin of each party's picked exchange in this step, finest first."""
        minute = moment.population.activity.minutes_at(moment.step)
        return tuple(np.where(minute >= 0, minute // width, MISSING) for width in BIN_MINUTES)
