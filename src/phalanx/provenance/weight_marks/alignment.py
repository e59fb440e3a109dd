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


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A gated feed-forward layer."""

    gate: Floats
    """Shape (neurons, width)."""

    up: Floats
    """Shape (neurons, width)."""

    down: Floats
    """Shape (width, neurons)."""


def aligned_layer(original: Layer, suspect: Layer) -> Layer:
    """Return a suspect's layer in the order and the scale of the original's neurons.

    Memory grows with the square of the neurons: 0.5 GB at 11,008 of them.

    Parameters:
        original: As it was before it was marked.
        suspect: Of the same shapes.

    Raises:
        ValueError: If shapes differ, or a number is not finite.

    Examples:
        >>> random = np.random.default_rng(0)
        >>> ours = Layer(*random.normal(size=(2, 6, 9)), random.normal(size=(9, 6)))
        >>> order = random.permutation(6)
        >>> theirs = Layer(ours.gate[order], 2 * ours.up[order], ours.down[:, order] / 2)
        >>> back = aligned_layer(ours, theirs)
        >>> np.allclose(back.gate, ours.gate), np.allclose(back.down, ours.down)
        (True, True)
    """
    order = linear_sum_assignment(-_similarity(original, suspect))[1]
    # A neuron's output may have been scaled up and what reads it down.
    down = with_fitted_columns(original.down, suspect.down[:, order])
    return Layer(suspect.gate[order], suspect.up[order], down)


def similar_layers(original: Sequence[Layer], suspect: Sequence[Layer]) -> list[int]:
    """Return for each layer of a suspect the number of the layer of ours that it is most like.

    Layers that were dropped, moved or doubled are found again. Of layers that come from nowhere
    in ours the answer means nothing, and harms nothing: it does not depend on a key.

    Raises:
        ValueError: If shapes differ, or a number is not finite.
    """
    return [int(np.argmax([_likeness(ours, theirs) for ours in original])) for theirs in suspect]


def _likeness(original: Layer, suspect: Layer) -> float:
    similarity = _similarity(original, suspect)
    chosen = linear_sum_assignment(-similarity)
    return float(similarity[chosen].sum())


def _similarity(original: Layer, suspect: Layer) -> Floats:
    """Return how alike each neuron of ours (row) and of the suspect (column) are."""
    shapes = [
        (each.gate.shape, each.up.shape, each.down.shape[::-1]) for each in (original, suspect)
    ]
    if shapes[0] != shapes[1] or len(set(shapes[0])) != 1:
        message = f"layers of shapes {shapes[0]} and {shapes[1]} cannot be aligned"
        raise ValueError(message)
    total = np.zeros((len(original.gate), len(suspect.gate)), np.float32)
    for ours, theirs in (
        (original.gate, suspect.gate),
        (original.up, suspect.up),
        (original.down.T, suspect.down.T),
    ):
        # Signs of a neuron's input and output may be turned round together: the gate's may not.
        cosines = _unit(ours) @ _unit(theirs).T
        total += cosines if ours is original.gate else np.abs(cosines)
    if not np.isfinite(total).all():
        message = "a layer holds numbers that are not finite, or overflow"
        raise ValueError(message)
    return total


def _unit(rows: Floats) -> Floats:
    length = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    result: Floats = (rows / np.where(length > 0.0, length, 1.0)).astype(np.float32)
    return result
