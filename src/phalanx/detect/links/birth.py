"""Birth bursts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.codes import MISSING
from phalanx.detect.links.family import Moment, Source

_HOUR = 3_600_000_000
BIN_HOURS = (1, 6, 24)
"""Resolutions at which creation times are compared."""


class BirthBurst:
    """Accounts of the parties were created in the same hours.

    Sees: the creation time of each party's earliest account in bins of 1, 6 and 24
    hours. Days on which everybody registers discount themselves.
    Evaded by: aged or bought accounts, slow registration (E6).
    Honest look-alikes: a class that registers in one lesson, a launch, a hackathon.
    Hash-only logs: works.
    """

    rule_id = "PHX-D007"
    name = "Birth burst"
    source: Source = "birth"
    stratum = "country"
    columns: tuple[str, ...] = ("account_created_at",)

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:
        """Return the creation bin of each party, finest first."""
        created = moment.created
        return tuple(
            np.where(created > 0, created // (_HOUR * hours), MISSING) for hours in BIN_HOURS
        )
