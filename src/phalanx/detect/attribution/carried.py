"""What parties carry, family by family, and which values a group shares beyond chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.stats import hypergeom

from phalanx.detect.groups import MINIMUM_USERS
from phalanx.model import AttributionRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family of values that says something about who stands behind accounts."""

    name: str
    role: AttributionRole
    """Content and settings are the operator's; cards, addresses, mail, births and TLS clients
    come with the accounts."""

    source: str
    """What could explain a shared value innocently; families of one source are averaged."""


TEMPLATE = Family(name="template", role="operator", source="software")
SYSTEM_PROMPT = Family(name="system prompt", role="operator", source="software")
PARAMETERS = Family(name="parameters", role="operator", source="software")
TLS = Family(name="tls", role="network", source="software")
PAYMENT = Family(name="payment", role="network", source="identity")
EMAIL = Family(name="email", role="network", source="identity")
SUBNET = Family(name="subnet", role="network", source="network")
ASN = Family(name="asn", role="network", source="network")
BIRTH = Family(name="birth", role="network", source="birth")

FAMILIES = (TEMPLATE, SYSTEM_PROMPT, PARAMETERS, TLS, PAYMENT, EMAIL, SUBNET, ASN, BIRTH)

BIRTH_HOURS = 6
"""Accounts that were created within one such span count as born together."""

MOST_LOG10_P = -3.0
"""A value is linked where so many members carry it by chance at most so often, corrected."""

LEAST_LIFT = 5.0
"""... and where its share among members is at least so many times that among others."""


@dataclass(frozen=True)
class Carried:
    """Who carries which value of one family."""

    family: Family
    party: npt.NDArray[np.int64]
    """Party of each pair."""

    value: npt.NDArray[np.int64]
    """Value of each pair; no pair occurs twice."""

    carriers: npt.NDArray[np.bool_]
    """Parties that carry any value of the family, shape (parties,)."""

    @cached_property
    def codes(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Distinct values, and the place of each pair's value among them; found once."""
        values, code = np.unique(self.value, return_inverse=True)
        return values, code.astype(np.int64)

    @cached_property
    def total(self) -> npt.NDArray[np.int64]:
        """Parties that carry each distinct value; counted once."""
        values, code = self.codes
        return np.bincount(code, minlength=values.size)


def standing(family: Family, values: npt.NDArray[np.int64]) -> Carried:
    """Return who carries what in a family of one value a party, 0 where it has none.

    Parameters:
        family: The family.
        values: Shape (parties,).
    """
    carriers = values != 0
    return Carried(family, np.flatnonzero(carriers), values[carriers], carriers)


@dataclass(frozen=True, slots=True)
class Linked:
    """Values of one family that a group shares beyond chance, most shared first."""

    value: npt.NDArray[np.int64]
    members: npt.NDArray[np.int64]
    """Members that carry each."""

    outsiders: npt.NDArray[np.int64]
    """Others that do."""

    log10_p: npt.NDArray[np.float64]


def linked(carried: Carried, members: npt.NDArray[np.int64]) -> Linked:
    """Find the values that members share beyond chance.

    Null hypothesis of each value: the members that carry anything in the family are a draw
    without replacement from all parties that do. The probability of at least as many (upper
    tail of the hypergeometric law) is multiplied by the number of values that members carry.
    What formed the group is among them: this describes, and is no evidence for, the group.

    Parameters:
        carried: The family.
        members: Parties of the group.

    Examples:
        >>> values = np.arange(1, 1001)
        >>> values[:9] = 7
        >>> found = linked(standing(EMAIL, values), np.arange(10))
        >>> found.value.tolist(), found.members.tolist(), found.outsiders.tolist()
        ([7], [9], [0])
    """
    inside = np.zeros(carried.carriers.size, dtype=np.bool_)
    inside[members] = True
    values, code = carried.codes
    shown, mine = np.unique(code[inside[carried.party]], return_counts=True)
    others = carried.total[shown] - mine
    carrying = int(np.count_nonzero(carried.carriers))
    drawn = int(np.count_nonzero(carried.carriers & inside))
    lift = mine * max(carrying - drawn, 1) >= LEAST_LIFT * others * max(drawn, 1)
    chosen = np.flatnonzero((mine >= MINIMUM_USERS) & lift)
    total = mine[chosen] + others[chosen]
    log10_p = np.minimum(
        0.0,
        hypergeom.logsf(mine[chosen] - 1, carrying, total, drawn) / np.log(10.0)
        + np.log10(max(1, shown.size)),
    )
    kept = log10_p <= MOST_LOG10_P
    chosen, log10_p = chosen[kept], log10_p[kept]
    order = np.lexsort((others[chosen], -mine[chosen]))
    chosen = chosen[order]
    return Linked(values[shown[chosen]], mine[chosen], others[chosen], log10_p[order])


def carriers_of(carried: Carried, values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the parties that carry at least one of some values, ascending."""
    return np.unique(carried.party[np.isin(carried.value, values)])


Links = Mapping[Family, Linked]
"""Linked values of one group."""
