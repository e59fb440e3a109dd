"""Where the accounts of a whole group are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phalanx.console.seen.mesh_layout import place_many


def _parts(parts: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    part = np.repeat(np.arange(parts), size)
    one = rng.integers(parts * size, size=parts * size * 3)
    two = part[one] * size + rng.integers(size, size=one.size)
    return part, np.column_stack((one, two))


def test_what_is_tied_together_is_drawn_together() -> None:
    """Of eight parts without a link between them, each node is nearest to the middle of its own."""
    part, edges = _parts(8, 100)
    points = place_many(part.size, edges)
    middles = np.array([points[part == each].mean(axis=0) for each in range(8)])
    apart = np.hypot(*(points[:, None] - middles[None]).transpose(2, 0, 1))
    assert (apart.argmin(axis=1) == part).mean() > 0.9


def test_the_same_group_is_drawn_the_same_way() -> None:
    """Two people who speak of a picture see one picture."""
    part, edges = _parts(4, 50)
    assert np.array_equal(place_many(part.size, edges), place_many(part.size, edges))


@given(st.integers(0, 60), st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), max_size=80))
@settings(max_examples=25, deadline=None)
def test_every_node_has_a_place_in_the_square(nodes: int, ties: list[tuple[int, int]]) -> None:
    """Whatever is tied to what, loops and single nodes too."""
    kept = [tie for tie in ties if max(tie) < nodes]
    edges = np.array(kept, dtype=np.int64).reshape(-1, 2)
    points = place_many(nodes, edges)
    assert points.shape == (nodes, 2)
    assert np.isfinite(points).all()
    assert ((points >= 0) & (points <= 1)).all()


@pytest.mark.parametrize("nodes", [1, 2])
def test_one_node_stands_in_the_middle_and_two_apart(nodes: int) -> None:
    """Small groups are no special case."""
    points = place_many(nodes, np.empty((0, 2), dtype=np.int64))
    assert len({tuple(each) for each in points.round(6).tolist()}) == nodes
