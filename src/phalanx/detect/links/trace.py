"""Trace replay."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import block_array, csgraph

from phalanx.detect.codes import MISSING
from phalanx.detect.links.family import Moment, Source


class TraceReplay:
    """Parties hand back each other's reasoning.

    Sees: signatures of the opaque reasoning blocks that requests hand back. Such a block is
    encrypted and bound to the account that it was issued to; parties that present the same
    one, directly or through others, share a value.
    Evaded by: leaving reasoning out when a conversation moves to another account; sticky
    sessions (E6).
    Honest look-alikes: customers who take a conversation from one reseller to another.
    Hash-only logs: works.
    """

    rule_id = "PHX-D011"
    name = "Trace replay"
    source: Source = "routing"
    stratum = "country"
    columns: tuple[str, ...] = ("reasoning_signature",)

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:
        """Return the circle of each party that presented a signature until now."""
        population = moment.population
        parties = population.parties
        carried = moment.code("signature") != MISSING
        if not carried.any():
            return (np.full(parties.count, MISSING, dtype=np.int64),)
        presented = population.signatures.until(moment.step)
        graph = block_array([[None, presented], [presented.T, None]])
        circle = csgraph.connected_components(graph, directed=False)[1][: parties.count]
        return (np.where(carried, circle.astype(np.int64), MISSING),)
