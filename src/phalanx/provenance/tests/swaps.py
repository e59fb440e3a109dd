"""Units in the same places.

Null hypothesis: the suspect was made without our weights. Units of one kind have no order: a model
with two of its neurons exchanged (rows of gate and up, columns of down) is as likely to be drawn
at the beginning and to come out of training as the model itself. So, whatever the two models are,
the similarity of two of our units to the suspect's units *in the same places* is as likely to be
the larger as that to the same two exchanged. Exchanges of different pairs are independent, in
one layer and across layers: their outcomes are fair coins, exactly.

Units of nothing but zeros are not of the kind of the others: tools put them behind the last one,
so that a matrix divides, in the same places of any two models. No coin is tossed with one of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from phalanx.provenance.tests.coins import Coins, toss
from phalanx.provenance.weights.numbers import Floats32

Floats = npt.NDArray[np.float64]


def swap_coins(ours: Sequence[Floats32], theirs: Sequence[Floats32]) -> Coins:
    """Return whether pairs of units are more alike as they stand than exchanged.

    Parameters:
        ours: Vectors of the same units, one array for each thing that belongs to a unit, shape
            (units, width) and of length one. The first half is paired with the second, so that
            whoever chose the order must not have looked at both models.
        theirs: Of the suspect's units in the same places.

    Examples:
        >>> random = np.random.default_rng(0)
        >>> units = random.normal(size=(40, 64)).astype(np.float32)
        >>> other = random.normal(size=(40, 64)).astype(np.float32)
        >>> swap_coins([units], [units + other]), swap_coins([units], [other]).tosses
        (Coins(heads=20, tosses=20), 20)
    """
    return toss(swap_leanings(ours, theirs))


def swap_leanings(ours: Sequence[Floats32], theirs: Sequence[Floats32]) -> Floats:
    """Return how much more alike each pair of units is as it stands than exchanged.

    Parameters:
        ours: As `swap_coins` takes them.
        theirs: Likewise.

    Returns:
        Shape (units / 2,); the sign of each is its coin. 0 where one of the four units is empty.
    """
    half = len(ours[0]) // 2
    differences = np.zeros(half, dtype=np.float64)
    full = np.ones(half, dtype=np.bool_)
    for mine, other in zip(ours, theirs, strict=True):
        first, second = mine[:half], mine[half : 2 * half]
        gap = other[:half] - other[half : 2 * half]
        differences += np.einsum("ij,ij->i", first - second, gap, dtype=np.float64)
        for each in (mine, other):
            there = (each != 0.0).any(axis=1)
            full &= there[:half] & there[half : 2 * half]
    return np.where(full, differences, 0.0)
