"""Shared e-mail pattern."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phalanx.detect.links.family import Moment, Source


class SharedEmailPattern:
    """Parties registered with addresses of the same uncommon domain.

    Sees: the e-mail domain; a domain that thousands use is worth nothing.
    Evaded by: large public mail services.
    Honest look-alikes: firms and universities that did not declare an organisation.
    Hash-only logs: works.
    """

    rule_id = "PHX-D005"
    name = "Shared e-mail pattern"
    source: Source = "identity"
    stratum = "country"
    columns: tuple[str, ...] = ("email_domain",)

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:
        """Return the value that each party showed first."""
        return (moment.code("email"),)
