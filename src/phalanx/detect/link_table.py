"""Links inside groups: who shares what with whom, for `links.parquet` and the graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from phalanx.detect.alliance.kinds import TEMPLATE_POWER
from phalanx.detect.groups import AGREEMENT
from phalanx.detect.links import (
    MISSING,
    SHARED_MARK,
    SHARING_FAMILIES,
    Moment,
    SharedValues,
)
from phalanx.detect.links.pivot import ModelPivot
from phalanx.detect.narrow import Names
from phalanx.detect.population import Population

LINK_SCHEMA = pa.schema(
    [
        ("group_id", pa.string()),
        ("a", pa.string()),
        ("b", pa.string()),
        ("family", pa.string()),
        ("rule_id", pa.string()),
        ("value", pa.string()),
        ("sharing_parties", pa.int64()),
        ("log_likelihood_ratio", pa.float64()),
    ]
)

_ATTRIBUTE = {
    "PHX-D002": "payment",
    "PHX-D003": "subnet",
    "PHX-D004": "tls",
    "PHX-D005": "email",
}
"""Rule -> attribute whose value can be named."""


def link_table(
    groups: Sequence[tuple[str, npt.NDArray[np.int64]]], moment: Moment, names: Names
) -> pa.Table:
    """List links of each group as a chain through the users of each shared value.

    A value that k members share is written as k - 1 links, each member to the next, so
    that the table stays linear; every pair of them shares the value.

    Parameters:
        groups: Identifier and parties of each group.
        moment: The last one.
        names: What hashes stood for.
    """
    rows: list[dict[str, object]] = []
    for family in SHARING_FAMILIES:
        level = shown_level(family, moment)
        present = level[level != MISSING]
        if not present.size:
            continue
        users = np.bincount(present)
        for group_id, parties in groups:
            for first, second in _chain(level, parties):
                sharing = int(users[level[first]])
                rows.append(
                    {
                        "group_id": group_id,
                        "a": _account(moment.population, first),
                        "b": _account(moment.population, second),
                        "family": family.name,
                        "rule_id": family.rule_id,
                        "value": _value(moment.population, family, first, names),
                        "sharing_parties": sharing,
                        "log_likelihood_ratio": float(np.log(AGREEMENT * present.size / sharing)),
                    }
                )
    rows += _by_marks(groups, moment)
    return pa.Table.from_pylist(rows, schema=LINK_SCHEMA)


def _by_marks(
    groups: Sequence[tuple[str, npt.NDArray[np.int64]]], moment: Moment
) -> Iterator[dict[str, object]]:
    """Yield the links of members that carry marks of one shared campaign."""
    marks = moment.population.marks
    seen = moment.population.activity.joined <= moment.step
    for templates, power in ((False, 1.0), (True, TEMPLATE_POWER)):
        carriers = marks.carriers(seen, moment.step, templates=templates)
        for campaign, name in enumerate(marks.campaigns):
            start, end = carriers.indptr[campaign : campaign + 2].tolist()
            carrying = np.sort(carriers.indices[start:end])
            for group_id, parties in groups:
                for first, second in pairwise(np.intersect1d(parties, carrying).tolist()):
                    yield {
                        "group_id": group_id,
                        "a": _account(moment.population, first),
                        "b": _account(moment.population, second),
                        "family": SHARED_MARK.name,
                        "rule_id": SHARED_MARK.rule_id,
                        "value": name,
                        "sharing_parties": carrying.size,
                        "log_likelihood_ratio": power
                        * float(np.log(AGREEMENT * np.count_nonzero(seen) / carrying.size)),
                    }


def shown_level(family: SharedValues, moment: Moment) -> npt.NDArray[np.int64]:
    """Return the value of each party that is shown: subnets, moves, else at the finest level."""
    if isinstance(family, ModelPivot):
        return family.moves(moment)
    levels = family.values(moment)
    return levels[min(1, len(levels) - 1)] if family.rule_id == "PHX-D003" else levels[0]


def _chain(
    level: npt.NDArray[np.int64], parties: npt.NDArray[np.int64]
) -> Iterator[tuple[int, int]]:
    """Yield neighbouring members that carry the same value."""
    carried = np.sort(parties[level[parties] != MISSING])
    order = carried[np.argsort(level[carried], kind="stable")]
    for first, second in pairwise(order.tolist()):
        if level[first] == level[second]:
            yield first, second


def _account(population: Population, party: int) -> str:
    return population.account_names[int(population.parties.first_account[party])]


def _value(population: Population, family: SharedValues, party: int, names: Names) -> str | None:
    attribute = _ATTRIBUTE.get(family.rule_id)
    if attribute is None:
        return None
    return names.values[attribute].get(int(population.attributes[attribute][party]))
