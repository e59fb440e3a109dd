"""Shared network address."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.links.family import Moment, Source


class SharedAddress:
    """Parties first called from the same address or subnet (/24 or /48).

    Sees: address and subnet of the first exchange that carries one; the two resolutions
    are averaged. Commonness is counted within the network operator (autonomous system):
    that programs run in clouds and people at home says nothing about who operates them.
    Evaded by: residential proxies (E1).
    Honest look-alikes: classrooms and offices behind one NAT, cloud egress, VPNs.
    Hash-only logs: works.
    """

    rule_id = "PHX-D003"
    name = "Shared network address"
    source: Source = "network"
    stratum = "asn"
    columns: tuple[str, ...] = ("client_ip",)

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:
        """Return the value that each party showed first."""
        return (moment.code("ip"), moment.code("subnet"))
