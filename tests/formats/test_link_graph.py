"""The picture of a campaign: bounded, honest about what it omits, the same every time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.detect.result import ScanResult
from phalanx.formats.graph_layout import place
from phalanx.formats.link_graph import (
    MAX_ACCOUNTS,
    MAX_PAIRS,
    MAX_VALUES,
    LinkGraph,
    link_graph,
    rows_by_campaign,
)


@pytest.fixture
def first(result: ScanResult) -> LinkGraph:
    """Return the picture of the first campaign of the example."""
    rows = rows_by_campaign(result.campaigns, result.links)
    return link_graph(result.campaigns[0].facts.members, rows[0])


def test_links_go_to_their_own_campaign(result: ScanResult) -> None:
    """Each link inside a campaign is in its picture's rows, and no other is."""
    rows = rows_by_campaign(result.campaigns, result.links)
    for campaign, inside in zip(result.campaigns, rows, strict=True):
        assert set(inside.column("group_id").to_pylist()) == {campaign.campaign_id}
    inside_all = sum(table.num_rows for table in rows)
    groups = result.links.column("group_id").to_pylist()
    assert inside_all == sum(group.startswith("campaign") for group in groups)


def test_links_to_nowhere_are_passed_over(result: ScanResult) -> None:
    """A link whose end is null or outside every campaign is in no picture."""
    row = result.links.slice(0, 1).to_pylist()[0]
    odd = pa.Table.from_pylist([row | {"a": None}, row | {"b": "stranger"}], result.links.schema)
    assert [table.num_rows for table in rows_by_campaign(result.campaigns, odd)] == [0, 0, 0]


def test_a_large_campaign_is_drawn_in_part_and_says_so(large_result: ScanResult) -> None:
    """Three hundred accounts become at most sixty, and the words say how many are missing."""
    rows = rows_by_campaign(large_result.campaigns, large_result.links)
    graph = link_graph(large_result.campaigns[0].facts.members, rows[0])
    assert len(graph.accounts) <= MAX_ACCOUNTS
    assert len(graph.values) <= MAX_VALUES
    assert f"Drawn: {len(graph.accounts)} of 300 accounts" in graph.omission
    assert "shared values" in graph.omission


def test_family_table_counts_the_whole_group(large_result: ScanResult) -> None:
    """What is not drawn is still counted."""
    rows = rows_by_campaign(large_result.campaigns, large_result.links)
    graph = link_graph(large_result.campaigns[0].facts.members, rows[0])
    assert sum(family.links for family in graph.families) == rows[0].num_rows


def test_a_group_without_links_has_no_picture(result: ScanResult) -> None:
    """Without links there is nothing to draw, and nothing fails."""
    graph = link_graph(result.campaigns[0].facts.members, result.links.slice(0, 0))
    assert not graph.accounts
    assert not graph.lines
    assert not graph.families


def test_same_links_same_picture(result: ScanResult, first: LinkGraph) -> None:
    """The layout uses no chance."""
    rows = rows_by_campaign(result.campaigns, result.links)
    assert link_graph(result.campaigns[0].facts.members, rows[0]) == first


def test_every_family_has_its_colour_and_mark(first: LinkGraph) -> None:
    """Colour is never the only sign of a family."""
    assert len({family.colour for family in first.families}) == len(first.families)
    assert len({family.mark for family in first.families}) == len(first.families)


@settings(max_examples=25)
@given(st.data())
def test_any_links_give_a_bounded_picture(result: ScanResult, data: st.DataObject) -> None:
    """Whatever the links, limits hold and every coordinate lies in the unit square."""
    members = result.campaigns[0].facts.members
    ends = st.sampled_from([member.account_id for member in members])
    row = st.fixed_dictionaries(
        {
            "a": ends,
            "b": ends,
            "family": st.sampled_from(["x", "y"]),
            "rule_id": st.sampled_from(["PHX-D001", "other", "PHX-D999"]),
            "value": st.none() | st.text(max_size=2),
            "log_likelihood_ratio": st.floats(min_value=-50, max_value=50),
        }
    )
    rows = data.draw(st.lists(row, max_size=40))
    schema = pa.schema([result.links.schema.field(name) for name in rows[0]] if rows else [])
    table = pa.Table.from_pylist(rows, schema) if rows else result.links.slice(0, 0)
    graph = link_graph(members, table)
    assert len(graph.lines) <= MAX_PAIRS + MAX_ACCOUNTS * MAX_VALUES
    places = [(node.x, node.y) for node in graph.accounts]
    places += [(node.x, node.y) for node in graph.values]
    assert all(0.0 <= x <= 1.0 and 0.0 <= y <= 1.0 for x, y in places)


def test_linked_nodes_stand_nearer_than_others() -> None:
    """Two cliques joined by one line are drawn apart."""
    cliques = [(a + shift, b + shift) for shift in (0, 6) for a in range(6) for b in range(a)]
    points = place(12, np.array([*cliques, (0, 6)]))
    distance = np.linalg.norm(points[:, None] - points[None, :], axis=2)
    inside = np.mean([distance[one, two] for one, two in cliques])
    across = distance[:6, 6:].mean()
    assert inside < 0.7 * across


def test_no_nodes_no_points() -> None:
    """An empty graph has an empty layout."""
    assert place(0, np.empty((0, 2), dtype=np.int64)).shape == (0, 2)
