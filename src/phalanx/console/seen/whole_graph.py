"""All accounts of a group with all their links, placed in the plane, for a canvas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.console.seen.mesh_layout import place_many
from phalanx.formats.link_graph import colour_of
from phalanx.model import Member

MOST_EDGES = 30_000
"""That are drawn; the strongest."""

_ROLES = ("harvester", "mixed", "dormant")


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeGraph:
    """A group as columns, each as long as there are accounts, or links."""

    accounts: tuple[str, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    """In [0, 1]."""

    size: tuple[float, ...]
    """Radius, from 1: grows with the root of exchanges."""

    role: tuple[int, ...]
    """0 harvester, 1 mixed, 2 dormant."""

    one: tuple[int, ...]
    two: tuple[int, ...]
    """Places of the two accounts of a link."""

    colour: tuple[int, ...]
    """Of the link's family."""

    links_in_group: int
    """Drawn or not."""


def links_inside(members: tuple[Member, ...], links: pa.Table) -> pa.Table:
    """Return the links of a scan that join two members.

    Parameters:
        members: Accounts of a group.
        links: Of the whole scan.
    """
    names = pa.array([each.account_id for each in members], pa.string())
    is_inside = pc.and_(pc.is_in(links.column("a"), names), pc.is_in(links.column("b"), names))
    return links.filter(is_inside)


def whole_graph(members: tuple[Member, ...], rows: pa.Table) -> WholeGraph:
    """Place a group.

    Parameters:
        members: Its accounts.
        rows: Links between them.
    """
    order = np.argsort(-rows.column("log_likelihood_ratio").to_numpy(), kind="stable")[:MOST_EDGES]
    kept = rows.take(np.sort(order))
    names = pa.array([each.account_id for each in members], pa.string())
    ends = [_places(kept.column(end), names) for end in ("a", "b")]
    edges = np.column_stack(ends) if kept.num_rows else np.empty((0, 2), dtype=np.int64)
    points = place_many(len(members), edges)
    busiest = max((each.exchanges for each in members), default=1) or 1
    return WholeGraph(
        accounts=tuple(each.account_id for each in members),
        x=tuple(points[:, 0].round(4).tolist()),
        y=tuple(points[:, 1].round(4).tolist()),
        size=tuple(round(1.0 + 3.0 * (each.exchanges / busiest) ** 0.5, 2) for each in members),
        role=tuple(_ROLES.index(each.role) for each in members),
        one=tuple(ends[0].tolist()),
        two=tuple(ends[1].tolist()),
        colour=tuple(colour_of(rule) for rule in kept.column("rule_id").to_pylist()),
        links_in_group=rows.num_rows,
    )


def _places(column: pa.ChunkedArray, names: pa.Array) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = pc.index_in(column, names).to_numpy().astype(np.int64)
    return found
