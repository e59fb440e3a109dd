"""Two roles behind a group: who operates it, and who supplied its accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from phalanx.detect.attribution.carried import (
    BIRTH,
    EMAIL,
    PAYMENT,
    SUBNET,
    SYSTEM_PROMPT,
    TEMPLATE,
    Carried,
    Family,
    Links,
    carriers_of,
)
from phalanx.model import AttributionRole, LinkedValue, RelatedGroup, RoleEvidence

SHOWN_VALUES = 64
"""Values of each family that are written out."""

RARE_SHARE = 0.01
"""Share of unlisted parties up to which a value that two groups share relates them."""

_RELATING: Mapping[AttributionRole, tuple[Family, ...]] = {
    "operator": (TEMPLATE, SYSTEM_PROMPT),
    "network": (PAYMENT, EMAIL, SUBNET),
}
"""Families that relate two groups. Settings, TLS clients, networks and births do not: two
strangers share them by chance often enough."""

_FEWEST_SHARED: Mapping[AttributionRole, int] = {"operator": 3, "network": 1}
"""Values of a role that relate two groups: a text alone may be anybody's."""

Accounts = Callable[[npt.NDArray[np.int64]], tuple[str, ...]]
"""From parties to the names of their accounts."""


def hash_text(value: int) -> str:
    """Write a hash as 16 hexadecimal digits.

    Examples:
        >>> hash_text(-1), hash_text(255)
        ('ffffffffffffffff', '00000000000000ff')
    """
    return f"{value & (2**64 - 1):016x}"


def roles_of(
    links: Links,
    carried: Mapping[Family, Carried],
    members: npt.NDArray[np.int64],
    accounts: Accounts,
    text: Callable[[Family, int], str],
) -> tuple[RoleEvidence, ...]:
    """Say what points to each role, and which accounts carry it.

    Parameters:
        links: Linked values of the group.
        carried: Who carries what.
        members: Parties of the group.
        accounts: Names of the accounts of parties.
        text: Writes a value of a family.

    Returns:
        The operator, then the network; a role without linked values is left out.
    """
    found = []
    roles: tuple[AttributionRole, ...] = ("operator", "network")
    for role in roles:
        own = {family: each for family, each in links.items() if family.role == role}
        number = sum(each.value.size for each in own.values())
        if not number:
            continue
        carrying = [
            np.intersect1d(carriers_of(carried[family], each.value), members)
            for family, each in own.items()
        ]
        found.append(
            RoleEvidence(
                role=role,
                accounts=accounts(np.unique(np.concatenate(carrying))),
                values=tuple(
                    LinkedValue(
                        family=family.name,
                        value=text(family, int(each.value[at])),
                        hash="" if family == BIRTH else hash_text(int(each.value[at])),
                        accounts=int(each.members[at]),
                        outsiders=int(each.outsiders[at]),
                        log10_p=float(each.log10_p[at]),
                    )
                    for family, each in own.items()
                    for at in range(min(SHOWN_VALUES, each.value.size))
                ),
                linked_values=int(number),
            )
        )
    return tuple(found)


def related_groups(
    names: Sequence[str],
    links: Sequence[Links],
    carried: Mapping[Family, Carried],
    unlisted: npt.NDArray[np.bool_],
) -> list[tuple[RelatedGroup, ...]]:
    """Find the groups that share texts, or cards, mail domains and subnets.

    A value relates two groups where it is linked in both, and where at most one in a hundred
    of the parties that stand in no list carry it.

    Parameters:
        names: Identifier of each group.
        links: Linked values of each.
        carried: Who carries what.
        unlisted: Parties that stand in no group, shape (parties,).
    """
    shared = {role: np.zeros((len(names), len(names)), dtype=np.int64) for role in _RELATING}
    for role, families in _RELATING.items():
        for family in families:
            uses: dict[int, list[int]] = {}
            for number, each in enumerate(links):
                for value in each[family].value.tolist() if family in each else ():
                    uses.setdefault(value, []).append(number)
            common = {value: groups for value, groups in uses.items() if len(groups) > 1}
            for value in _rare(carried[family], sorted(common), unlisted) if common else ():
                groups = np.array(common[value])
                shared[role][np.ix_(groups, groups)] += 1
        shared[role][shared[role] < _FEWEST_SHARED[role]] = 0
    return [
        tuple(
            RelatedGroup(
                group_id=names[other],
                content_values=int(shared["operator"][number, other]),
                network_values=int(shared["network"][number, other]),
            )
            for other in range(len(names))
            if other != number and sum(shared[role][number, other] for role in shared)
        )
        for number in range(len(names))
    ]


def _rare(carried: Carried, values: Sequence[int], unlisted: npt.NDArray[np.bool_]) -> list[int]:
    """Keep the values that few unlisted parties carry, (k + 1) / (n + 2) of them estimated."""
    others = int(np.count_nonzero(carried.carriers & unlisted))
    pairs = carried.value[unlisted[carried.party]]
    found, counts = np.unique(pairs[np.isin(pairs, values)], return_counts=True)
    count = dict(zip(found.tolist(), counts.tolist(), strict=True))
    return [v for v in values if (count.get(v, 0) + 1) / (others + 2) <= RARE_SHARE]
