"""Places for thousands of nodes: springs along edges, repulsion through a mesh.

Nodes are spread onto a grid, their repulsion is one convolution of the grid (by FFT), and each node
reads it back where it stands: particle-mesh, as Hockney and Eastwood (1988), chapter 5, have it for
charges. A step costs as much for nodes as for edges, never for pairs of nodes. It starts from a
fixed spiral and uses no chance: the same graph is drawn the same way every time.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_GRID = 96
_STEPS = 160
_GOLDEN_ANGLE = math.pi * (3.0 - math.sqrt(5.0))
_PULL = 0.35
_REACH = 1.2
"""Half the side of the square that the mesh covers."""

_RING = 1.15
"""Radius of the disc that nodes stay in."""


def place_many(nodes: int, edges: npt.NDArray[np.int64]) -> Floats:
    """Return a point in the unit square for each node.

    Parameters:
        nodes: How many there are; 50,000 take a few seconds.
        edges: Pairs of node indices, shape (m, 2).

    Returns:
        Points, shape (nodes, 2).

    Examples:
        >>> points = place_many(400, np.array([[0, each] for each in range(1, 200)]))
        >>> points.shape, bool((points >= 0).all() and (points <= 1).all())
        ((400, 2), True)
    """
    if not nodes:
        return np.empty((0, 2))
    index = np.arange(nodes)
    radius = np.sqrt((index + 0.5) / nodes)
    points = np.column_stack(
        (radius * np.cos(index * _GOLDEN_ANGLE), radius * np.sin(index * _GOLDEN_ANGLE))
    )
    degree = np.maximum(np.bincount(edges.ravel(), minlength=nodes), 1).astype(np.float64)
    kernel, spacing = _kernel(), math.sqrt(1.0 / nodes)
    for step in range(_STEPS):
        heat = 0.10 * (1.0 - step / _STEPS) ** 1.5 + 0.001
        force = _repulsion(points, kernel) * spacing**2 - _PULL * spacing * points
        force += _springs(points, edges, degree, nodes) / spacing
        length = np.hypot(force[:, 0], force[:, 1])
        points = points + force * np.minimum(1.0, heat / np.maximum(length, 1e-12))[:, None]
        # What nothing holds drifts outwards, and ends on a ring.
        radius = np.hypot(points[:, 0], points[:, 1])
        points *= np.minimum(1.0, _RING / np.maximum(radius, 1e-12))[:, None]
    return _filled(points)


def _kernel() -> npt.NDArray[np.complex128]:
    """Return the transform of 1/distance, pointing away, softened within a cell."""
    offsets = np.arange(2 * _GRID) - _GRID
    across, down = np.meshgrid(offsets, offsets, indexing="ij")
    squared = across**2 + down**2 + 1.0
    # In units of the plane, not of cells.
    cell = 2.0 * _REACH / _GRID
    field = np.stack((across / squared, down / squared)) / cell
    transformed: npt.NDArray[np.complex128] = np.fft.rfft2(np.fft.ifftshift(field, axes=(1, 2)))
    return transformed


def _repulsion(points: Floats, kernel: npt.NDArray[np.complex128]) -> Floats:
    place = (points + _REACH) * (_GRID - 1) / (2.0 * _REACH)
    low = np.clip(place.astype(np.int64), 0, _GRID - 2)
    part = place - low
    # Cloud in cell: each node lies in four cells, by how near it is to each.
    corners = [
        ((low[:, 0] + x) * _GRID + low[:, 1] + y,
         (part[:, 0] if x else 1.0 - part[:, 0]) * (part[:, 1] if y else 1.0 - part[:, 1]))
        for x in (0, 1) for y in (0, 1)
    ]  # fmt: skip
    density = np.zeros(_GRID * _GRID)
    for cell, weight in corners:
        density += np.bincount(cell, weights=weight, minlength=_GRID * _GRID)
    spread = np.fft.rfft2(density.reshape(_GRID, _GRID), s=(2 * _GRID, 2 * _GRID))
    field = np.fft.irfft2(spread[None] * kernel, s=(2 * _GRID, 2 * _GRID), axes=(1, 2))
    flat = field[:, :_GRID, :_GRID].reshape(2, -1)
    force: Floats = sum((flat[:, cell] * weight for cell, weight in corners), np.zeros(1)).T
    return force


def _springs(points: Floats, edges: npt.NDArray[np.int64], degree: Floats, nodes: int) -> Floats:
    if not edges.size:
        return np.zeros_like(points)
    along = points[edges[:, 0]] - points[edges[:, 1]]
    pull = along * np.hypot(along[:, 0], along[:, 1])[:, None]
    # A hub is pulled by each of its edges a little less: else it swallows its neighbours.
    pull /= np.sqrt(np.minimum(degree[edges[:, 0]], degree[edges[:, 1]]))[:, None]
    force = np.empty_like(points)
    for axis in (0, 1):
        force[:, axis] = np.bincount(edges[:, 1], weights=pull[:, axis], minlength=nodes)
        force[:, axis] -= np.bincount(edges[:, 0], weights=pull[:, axis], minlength=nodes)
    return force


def _filled(points: Floats) -> Floats:
    """Fill the unit square: half by distance, half by rank, so that dense middles open up."""
    spread = np.empty_like(points)
    ranks = np.linspace(0.0, 1.0, len(points)) if len(points) > 1 else np.array([0.5])
    for axis in (0, 1):
        column = points[:, axis]
        low, high = float(column.min()), float(column.max())
        is_flat = high - low < 1e-9
        by_distance = np.full_like(column, 0.5) if is_flat else (column - low) / (high - low)
        spread[np.argsort(column, kind="stable"), axis] = ranks
        spread[:, axis] = 0.7 * by_distance + 0.3 * spread[:, axis]
    return spread
