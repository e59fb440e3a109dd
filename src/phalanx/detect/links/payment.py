"""Shared payment."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.links.family import Moment, Source


class SharedPayment:
    """Parties pay with the same card or account.

    Sees: the payment fingerprint of the first exchange that carries one.
    Evaded by: prepaid cards, one card per account (E2 of the evasion ladder).
    Honest look-alikes: families, small firms that did not declare an organisation,
    virtual-card providers whose fingerprints collide.
    Hash-only logs: works.
    """

    rule_id = "PHX-D002"
    name = "Shared payment"
    source: Source = "identity"
    stratum = "country"
    columns: tuple[str, ...] = ("payment_fingerprint",)

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:
        """Return the value that each party showed first."""
        return (moment.code("payment"),)
