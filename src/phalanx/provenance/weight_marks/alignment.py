"""Putting the neurons of a suspect back into the original's order.

A model says the same with the neurons of a feed-forward layer in any order. The owner holds the
original, and finds the order by assignment: which neuron of the suspect is most like which of ours.
Nothing here knows a key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from phalanx.provenance.weight_marks.rotation import with_fitted_columns

Floats = npt.NDArray[np.floating]


_MOST_ASSIGNED = 4096
"""Units that are assigned jointly, after those that are each other's nearest: takes seconds."""

_LOOKED_AT = 256
"""Neurons of a layer by which its kin is found."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A feed-forward layer."""

    gate: Floats | None
    """Shape (neurons, width); none in a layer without gates."""

    up: Floats
    """Shape (neurons, width)."""

    down: Floats
    """Shape (width, neurons)."""


def aligned_layer(original: Layer, suspect: Layer) -> Layer:
    """Return a suspect's layer in the order and the scale of the original's neurons.

    Neurons that the suspect no longer has are zeros, which readers leave out. Memory grows with
    the product of the neurons: 0.5 GB at 11,008 of them.

    Parameters:
        original: As it was before it was marked.
        suspect: Of the same width; its neurons may be fewer, or more.

    Raises:
        ValueError: If shapes differ otherwise, or a number is not finite.

    Examples:
        >>> random = np.random.default_rng(0)
        >>> ours = Layer(*random.normal(size=(2, 6, 9)), random.normal(size=(9, 6)))
        >>> order = random.permutation(6)
        >>> theirs = Layer(ours.gate[order], 2 * ours.up[order], ours.down[:, order] / 2)
        >>> back = aligned_layer(ours, theirs)
        >>> np.allclose(back.gate, ours.gate), np.allclose(back.down, ours.down)
        (True, True)
    """
    here, there = assigned(_similarity(original, suspect))
    gate = None
    if original.gate is not None and suspect.gate is not None:
        gate = _placed(original.gate, suspect.gate, here, there)
    up = _placed(original.up, suspect.up, here, there)
    # A neuron's output may have been scaled up and what reads it down.
    down = _placed(original.down.T, suspect.down.T, here, there).T
    return Layer(gate, up, with_fitted_columns(original.down, down))


def aligned_rows(original: Floats, suspect: Floats) -> Floats:
    """Return the rows of a suspect's matrix in the order of the original's rows, zeros for none.

    A row and its negative count as alike.

    Parameters:
        original: Shape (rows, width).
        suspect: Of the same width.

    Raises:
        ValueError: If widths differ, or a number is not finite.

    Examples:
        >>> aligned_rows(np.eye(3), np.eye(3)[[2, 0]]).tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if original.shape[1:] != suspect.shape[1:]:
        message = f"rows of shapes {original.shape[1:]} and {suspect.shape[1:]} cannot be aligned"
        raise ValueError(message)
    similarity = np.abs(unit_rows(original) @ unit_rows(suspect).T)
    _refuse_no_numbers(similarity)
    return _placed(original, suspect, *assigned(similarity))


def similar_layers(original: Sequence[Layer], suspect: Sequence[Layer]) -> list[int]:
    """Return for each layer of a suspect the number of the layer of ours that it is most like.

    Layers that were dropped, moved or doubled are found again. Of layers that come from nowhere
    in ours the answer means nothing, and harms nothing: it does not depend on a key.

    Raises:
        ValueError: If widths differ, or a number is not finite.
    """
    rows = [_looked_at(each) for each in suspect]
    return [
        int(np.argmax([likeness(_looked_for(ours), theirs) for ours in original]))
        for theirs in rows
    ]


def likeness(ours: Floats, theirs: Floats) -> float:
    """Return how alike a suspect's rows are to the nearest of ours: mean cosine, from 0 to 1.

    Parameters:
        ours: Shape (rows, width).
        theirs: Shape (other rows, width).

    Raises:
        ValueError: If widths differ, or a number is not finite.
    """
    if ours.shape[1:] != theirs.shape[1:]:
        message = f"rows of shapes {ours.shape[1:]} and {theirs.shape[1:]} cannot be aligned"
        raise ValueError(message)
    similarity = np.abs(unit_rows(ours) @ unit_rows(theirs).T)
    _refuse_no_numbers(similarity)
    return float(similarity.max(axis=0).mean())


def some_rows(rows: int) -> npt.NDArray[np.int64]:
    """Return evenly spaced places of the rows by which a layer's kin is found, rising.

    Examples:
        >>> some_rows(3).tolist(), some_rows(10**6).size
        ([0, 1, 2], 256)
    """
    return np.unique(np.linspace(0, rows - 1, min(rows, _LOOKED_AT)).astype(np.int64))


def assigned(similarity: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return pairs of rows and columns: each other's most alike, then the best for the rest.

    Where all are each other's most alike this is the best assignment of all, for the price of
    looking. Of a rest that is too large to be assigned nothing is returned.

    Examples:
        >>> first, second = assigned(np.array([[0.1, 0.9], [0.8, 0.7], [0.0, 0.1]]))
        >>> first.tolist(), second.tolist()
        ([0, 1], [1, 0])
    """
    nearest = similarity.argmax(axis=1)
    rows = np.flatnonzero(similarity.argmax(axis=0)[nearest] == np.arange(nearest.size))
    columns = nearest[rows]
    left = np.setdiff1d(np.arange(nearest.size), rows)
    right = np.setdiff1d(np.arange(similarity.shape[1]), columns)
    if 0 < min(left.size, right.size) <= max(left.size, right.size) <= _MOST_ASSIGNED:
        more = linear_sum_assignment(-similarity[np.ix_(left, right)])
        rows = np.concatenate([rows, left[more[0]]])
        columns = np.concatenate([columns, right[more[1]]])
    return rows, columns


def _placed(
    original: Floats,
    suspect: Floats,
    here: npt.NDArray[np.int64],
    there: npt.NDArray[np.int64],
) -> Floats:
    result: Floats = np.zeros(original.shape, suspect.dtype)
    result[here] = suspect[there]
    return result


def _looked_for(layer: Layer) -> Floats:
    return layer.up if layer.gate is None else layer.gate


def _looked_at(layer: Layer) -> Floats:
    rows = _looked_for(layer)
    return rows[some_rows(len(rows))]


def _similarity(original: Layer, suspect: Layer) -> Floats:
    """Return how alike each neuron of ours (row) and of the suspect (column) are."""
    pairs = [(original.up, suspect.up), (original.down.T, suspect.down.T)]
    if original.gate is not None and suspect.gate is not None:
        pairs.append((original.gate, suspect.gate))
    of_ours, of_theirs = ({each[at].shape for each in pairs} for at in (0, 1))
    widths = {shape[1] for shape in of_ours | of_theirs}
    gates = {each.gate is None for each in (original, suspect)}
    if len(gates) + len(of_ours) + len(of_theirs) + len(widths) != 4:
        message = f"layers of shapes {sorted(of_ours)} and {sorted(of_theirs)} cannot be aligned"
        raise ValueError(message)
    total = np.zeros((len(original.up), len(suspect.up)), np.float32)
    for ours, theirs in pairs:
        # Signs of a neuron's input and output may be turned round together: the gate's may not.
        cosines = unit_rows(ours) @ unit_rows(theirs).T
        total += cosines if ours is original.gate else np.abs(cosines)
    _refuse_no_numbers(total)
    return total


def _refuse_no_numbers(similarity: Floats) -> None:
    if not np.isfinite(similarity).all():
        message = "a layer holds numbers that are not finite, or overflow"
        raise ValueError(message)


def unit_rows(rows: Floats) -> Floats:
    """Return rows of length one, as float32; rows of zeros stay."""
    length = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    result: Floats = (rows / np.where(length > 0.0, length, 1.0)).astype(np.float32)
    return result
