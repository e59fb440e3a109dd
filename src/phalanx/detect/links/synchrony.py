"""Synchronised activity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.links.family import MISSING, Evening, Source

BIN_MINUTES = (10, 30, 120)
"""Resolutions at which times of the day are compared."""


class SynchronisedActivity:
    """Parties are active at the same times of one day.

    Sees: the time of one exchange per party and day, picked without regard to its
    content, against the times of the cohort of the same country on the same day, so that
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

    def values(self, evening: Evening) -> tuple[npt.NDArray[np.int64], ...]:
        """Return the bin of each party's picked exchange on this day, finest first."""
        minute = evening.population.minute[:, evening.day].astype(np.int64)
        return tuple(np.where(minute >= 0, minute // width, MISSING) for width in BIN_MINUTES)
