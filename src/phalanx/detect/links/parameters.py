"""Shared parameter signature."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.links.family import Moment, Source


class SharedParameters:
    """Parties send requests with the same settings: client program, temperature, limits, tools.

    Sees: the combination of settings of the first exchange, as one value.
    Evaded by: randomising settings (E6).
    Honest look-alikes: users of one framework with its defaults; commonness discounts them.
    Hash-only logs: works.
    """

    rule_id = "PHX-D006"
    name = "Shared parameter signature"
    source: Source = "software"
    stratum = "country"
    columns: tuple[str, ...] = ("temperature", "top_p", "max_tokens", "user_agent", "tools_hash")

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:
        """Return the value that each party showed first."""
        return (moment.code("parameters"),)
