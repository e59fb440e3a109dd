"""The picture of what ties a group together, small enough to read.

A value that three or more accounts share (a template, a card, a subnet) becomes a square
of its own with a line to each account; a value that two accounts share is one line between
them. A group that is too large is drawn in part, and the picture says in words which part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.formats.graph_layout import place
from phalanx.formats.notation import plural
from phalanx.model import Campaign, Member

MAX_ACCOUNTS = 60
MAX_VALUES = 24
MAX_PAIRS = 90
MAX_LINKS_READ = 4_000
"""Strongest links of a group from which the picture is chosen."""

COLOURS = 10
"""Number of family colours; a rule keeps its colour from scan to scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNode:
    """An account in the picture."""

    x: float
    y: float
    member: Member
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueNode:
    """A value that at least three of the drawn accounts share."""

    x: float
    y: float
    family: str
    colour: int
    mark: str
    accounts: int
    """Accounts of the whole group that are linked by it, drawn or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line in the colour of a family."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyCount:
    """How much one family ties the whole group together, drawn or not."""

    family: str
    rule_id: str
    colour: int
    mark: str
    links: int
    strongest: float
    """Largest log-likelihood ratio of a link, natural logarithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkGraph:
    """The picture of one group, and what it leaves out."""

    accounts: tuple[AccountNode, ...]
    values: tuple[ValueNode, ...]
    lines: tuple[Line, ...]
    families: tuple[FamilyCount, ...]
    accounts_in_group: int
    links_in_group: int
    omission: str
    """What is not drawn, in words; empty when all is."""


@dataclass(frozen=True, slots=True)
class _Link:
    a: int
    b: int
    family: str
    rule_id: str
    value: str
    strength: float


def colour_of(rule_id: str) -> int:
    """Return the colour slot of a rule, in [0, COLOURS).

    Examples:
        >>> colour_of("PHX-D001"), colour_of("PHX-D012"), colour_of("third-party")
        (0, 1, 4)
    """
    digits = "".join(character for character in rule_id if character.isdigit())
    return (int(digits) - 1 if digits else sum(rule_id.encode())) % COLOURS


def mark_of(rule_id: str) -> str:
    """Return what is written into the squares of a rule, so that colour is not the only sign.

    Examples:
        >>> mark_of("PHX-D001"), mark_of("PHX-D012"), mark_of("third-party")
        ('1', '12', 't')
    """
    digits = "".join(character for character in rule_id if character.isdigit())
    return digits.lstrip("0")[-2:] or rule_id[:1]


def rows_by_campaign(campaigns: Sequence[Campaign], links: pa.Table) -> list[pa.Table]:
    """Cut the table of links into those inside each campaign, in one pass.

    Parameters:
        campaigns: Campaigns; an account stands in at most one.
        links: Table of links of the whole scan.
    """
    accounts = [member.account_id for item in campaigns for member in item.facts.members]
    owner = np.repeat(np.arange(len(campaigns)), [len(item.facts.members) for item in campaigns])
    owner = np.append(owner, -1)
    ends = [
        owner[pc.fill_null(pc.index_in(links.column(end), pa.array(accounts, pa.string())), -1)]
        for end in ("a", "b")
    ]
    inside = np.where(ends[0] == ends[1], ends[0], -1)
    return [links.take(np.flatnonzero(inside == place)) for place in range(len(campaigns))]


def link_graph(members: Sequence[Member], rows: pa.Table) -> LinkGraph:
    """Choose what to draw of a group, and where.

    Parameters:
        members: Accounts of the group.
        rows: Links between them.
    """
    place_of = {member.account_id: at for at, member in enumerate(members)}
    links = list(_strongest(rows, place_of))
    shared = _shared_values(links)
    hubs, pairs = _hubs_and_pairs(shared, _strongest_accounts(links))
    drawn = sorted(
        {account for _, one, two in pairs for account in (one, two)}
        | {account for _, _, visible in hubs for account in visible}
    )
    at = {account: node for node, account in enumerate(drawn)}
    edges = [(at[one], at[two]) for _, one, two in pairs]
    for offset, (_, _, visible) in enumerate(hubs):
        edges += [(len(drawn) + offset, at[account]) for account in visible]
    busiest = max((member.exchanges for member in members), default=1)
    points = place(len(drawn) + len(hubs), np.array(edges, dtype=np.int64).reshape(-1, 2))
    colours = [colour_of(key[0]) for key, *_ in pairs]
    for key, _, visible in hubs:
        colours += [colour_of(key[0])] * len(visible)
    return LinkGraph(
        accounts=tuple(
            _account_node(members[account], points[node], busiest)
            for node, account in enumerate(drawn)
        ),
        values=tuple(
            ValueNode(
                x=float(points[len(drawn) + offset][0]),
                y=float(points[len(drawn) + offset][1]),
                family=key[1],
                colour=colour_of(key[0]),
                mark=mark_of(key[0]),
                accounts=sharing,
            )
            for offset, (key, sharing, _) in enumerate(hubs)
        ),
        lines=tuple(
            _line(points, one, two, colour)
            for (one, two), colour in zip(edges, colours, strict=True)
        ),
        families=_families(rows),
        accounts_in_group=len(members),
        links_in_group=rows.num_rows,
        omission=_omission(members, drawn, shared, len(hubs) + len(pairs)),
    )


_Key = tuple[str, str, str]
"""Rule, family and value."""


def _strongest(rows: pa.Table, place_of: dict[str, int]) -> Iterator[_Link]:
    order = np.argsort(-rows.column("log_likelihood_ratio").to_numpy(), kind="stable")
    kept = rows.take(order[:MAX_LINKS_READ])
    names = ("a", "b", "family", "rule_id", "value", "log_likelihood_ratio")
    for a, b, family, rule, value, strength in zip(
        *(kept.column(name).to_pylist() for name in names), strict=True
    ):
        yield _Link(place_of[a], place_of[b], family, rule, str(value or ""), float(strength))


def _strongest_accounts(links: Sequence[_Link]) -> frozenset[int]:
    weight: defaultdict[int, float] = defaultdict(float)
    for link in links:
        weight[link.a] += link.strength
        weight[link.b] += link.strength
    return frozenset(sorted(weight, key=lambda account: (-weight[account], account))[:MAX_ACCOUNTS])


def _shared_values(links: Sequence[_Link]) -> dict[_Key, list[int]]:
    shared: defaultdict[_Key, dict[int, None]] = defaultdict(dict)
    for place_in_list, link in enumerate(links):
        # A link without a value ties two accounts and no more.
        value = link.value or f"\0{place_in_list}"
        shared[link.rule_id, link.family, value].update({link.a: None, link.b: None})
    return {key: sorted(accounts) for key, accounts in shared.items()}


def _hubs_and_pairs(
    shared: dict[_Key, list[int]], candidates: frozenset[int]
) -> tuple[list[tuple[_Key, int, list[int]]], list[tuple[_Key, int, int]]]:
    """Split shared values into squares (with all and with visible accounts) and lines."""
    hubs, pairs = [], []
    for key, accounts in shared.items():
        visible = [account for account in accounts if account in candidates]
        if len(visible) > 2:
            hubs.append((key, len(accounts), visible))
        elif len(visible) == 2:
            pairs.append((key, visible[0], visible[1]))
    hubs.sort(key=lambda hub: -hub[1])
    return hubs[:MAX_VALUES], pairs[:MAX_PAIRS]


def _account_node(member: Member, point: npt.NDArray[np.float64], busiest: int) -> AccountNode:
    return AccountNode(
        x=float(point[0]),
        y=float(point[1]),
        member=member,
        radius=3.0 + 4.0 * (member.exchanges / max(busiest, 1)) ** 0.5,
    )


def _line(points: npt.NDArray[np.float64], one: int, two: int, colour: int) -> Line:
    (x1, y1), (x2, y2) = points[one], points[two]
    return Line(x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), colour=colour)


def _families(rows: pa.Table) -> tuple[FamilyCount, ...]:
    grouped = rows.group_by(["rule_id", "family"]).aggregate(
        [("log_likelihood_ratio", "count"), ("log_likelihood_ratio", "max")]
    )
    found = [
        FamilyCount(
            family=row["family"],
            rule_id=row["rule_id"],
            colour=colour_of(row["rule_id"]),
            mark=mark_of(row["rule_id"]),
            links=row["log_likelihood_ratio_count"],
            strongest=row["log_likelihood_ratio_max"],
        )
        for row in grouped.to_pylist()
    ]
    return tuple(sorted(found, key=lambda item: (-item.links, item.rule_id)))


def _omission(
    members: Sequence[Member], drawn: Sequence[int], shared: dict[_Key, list[int]], kept: int
) -> str:
    parts = []
    if len(drawn) < len(members) <= MAX_ACCOUNTS:
        parts.append(f"Not drawn: {plural(len(members) - len(drawn), 'account')} without a link.")
    elif len(drawn) < len(members):
        parts.append(
            f"Drawn: {len(drawn)} of {len(members):,} accounts, those with the strongest links."
        )
    if kept < len(shared):
        parts.append(
            f"Drawn: {kept} of {len(shared):,} shared values, those that tie the most accounts."
        )
    return " ".join(parts)
