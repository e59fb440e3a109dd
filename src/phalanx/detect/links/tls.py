"""Shared TLS fingerprint."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.links.family import Moment, Source


class SharedTlsFingerprint:
    """Parties use a TLS client with the same fingerprint.

    Sees: the fingerprint of the first exchange that carries one.
    Evaded by: randomising the client hello (E6).
    Honest look-alikes: every user of one popular library; commonness discounts them.
    Hash-only logs: works.
    """

    rule_id = "PHX-D004"
    name = "Shared TLS fingerprint"
    source: Source = "software"
    stratum = "country"
    columns: tuple[str, ...] = ("tls_fingerprint",)

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:
        """Return the value that each party showed first."""
        return (moment.code("tls"),)
