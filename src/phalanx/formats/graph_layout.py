"""Places for the nodes of a small graph: springs along edges, repulsion between nodes.

Fruchterman and Reingold (1991), section 3, with a pull towards the middle so that loose
nodes stay near. It starts from a fixed spiral and uses no chance: the same graph is drawn
the same way every time.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.complex128]
"""Points of the plane as complex numbers: x + iy."""

_GOLDEN_ANGLE = math.pi * (3.0 - math.sqrt(5.0))
_ITERATIONS = 140
_PULL = 0.9


def place(nodes: int, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return a point in the unit square for each node.

    Parameters:
        nodes: Number of nodes, at most a few hundred.
        edges: Pairs of node indices, shape (m, 2).

    Returns:
        Points, shape (nodes, 2), that fill the unit square in both directions.

    Examples:
        >>> place(3, np.array([[0, 1]])).shape
        (3, 2)
        >>> place(1, np.empty((0, 2), dtype=np.int64)).tolist()
        [[0.5, 0.5]]
    """
    index = np.arange(nodes)
    points: Points = np.sqrt((index + 0.5) / max(nodes, 1)) * np.exp(1j * index * _GOLDEN_ANGLE)
    spacing = math.sqrt(1.0 / max(nodes, 1))
    for step in range(_ITERATIONS):
        heat = 0.12 * (1.0 - step / _ITERATIONS) ** 1.5 + 0.002
        force = _forces(points, edges, spacing)
        points = points + force * np.minimum(1.0, heat / np.maximum(np.abs(force), 1e-12))
    return np.column_stack((_spread(points.real), _spread(points.imag)))


def _forces(points: Points, edges: npt.NDArray[np.int64], spacing: float) -> Points:
    apart = points[:, None] - points[None, :]
    squared = np.maximum(apart.real**2 + apart.imag**2, 1e-6)
    force: Points = (apart * (spacing**2 / squared)).sum(axis=1)
    if edges.size:
        along = points[edges[:, 0]] - points[edges[:, 1]]
        pull = along * np.abs(along) / spacing
        np.add.at(force, edges[:, 0], -pull)
        np.add.at(force, edges[:, 1], pull)
    force -= _PULL * spacing * points
    return force


def _spread(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Fill [0, 1]: half by distance, half by rank, so that dense middles open up."""
    if not coordinates.size:
        return coordinates
    low, high = float(coordinates.min()), float(coordinates.max())
    if high - low < 1e-9:
        return np.full_like(coordinates, 0.5)
    distance = (coordinates - low) / (high - low)
    rank = np.empty_like(coordinates)
    rank[np.argsort(coordinates, kind="stable")] = np.linspace(0.0, 1.0, coordinates.size)
    return np.asarray(0.5 * distance + 0.5 * rank)
