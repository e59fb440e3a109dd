"""Neurons found again by their gates, whatever order they stand in.

A gated neuron multiplies what its gate lets through by what its up-row reads, and writes the
product along its down-column. Two tests ask whether neurons that belong together by one of the
three belong together by another.

*Signs*. Null hypothesis: the suspect was made without our weights. If up-row and down-column of
a neuron both change their sign the model is the same, and as likely to be drawn at the
beginning and to come out of training. So, given everything else, the sign of each up-row is a
fair coin: paired by gates, in whatever coordinates, as many up-rows agree with ours as disagree.
Exactly, for each neuron by itself, across layers as well.

*Places*. Null hypothesis as above, and besides: pairs by gate and pairs by up-row (where there is
no gate: by up-row and by down-column) have no more in common than matchings drawn at random. No
symmetry of a model makes that exact, since a neuron that stands out in one may stand out in the
other. Decoys check it on the two models themselves: with the suspect's residual stream permuted
at random, which is exact, the law must hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence.tails import matchings_log10_sf
from phalanx.provenance.tests.coins import Coins, toss
from phalanx.provenance.weights.numbers import Floats32

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """A matching: each unit of ours in at most one pair, and each of theirs."""

    ours: Places
    """Places of ours, rising."""

    theirs: Places
    """Places of theirs."""


def mutual_nearest(ours: Floats32, theirs: Floats32) -> Pairs:
    """Return the pairs of units each of which is the other's nearest.

    Not the best assignment, which costs minutes for 11,008 neurons: nearest neighbours cost one
    product of matrices, and follow any permutation of either side just as well.

    Parameters:
        ours: Shape (units, width), of length one.
        theirs: Shape (units, width), of length one.

    Examples:
        >>> eye = np.eye(4, dtype=np.float32)
        >>> mutual_nearest(eye[:3], eye[[2, 0, 3]]).theirs.tolist()
        [1, 0]
    """
    likeness = ours @ theirs.T
    forward, back = likeness.argmax(axis=1), likeness.argmax(axis=0)
    places = np.arange(len(ours))
    # Where nothing is alike, the first of equals is no neighbour.
    good = (back[forward] == places) & (likeness[places, forward] > 0.0)
    return Pairs(places[good], forward[good])


def sign_coins(by_gate: Pairs, ours_up: Floats32, theirs_up: Floats32) -> Coins:
    """Return whether up-rows agree in sign where gates belong together."""
    return toss(sign_leanings(by_gate, ours_up, theirs_up))


def sign_leanings(by_gate: Pairs, ours_up: Floats32, theirs_up: Floats32) -> Floats:
    """Return how far the up-row of each of our neurons agrees with its partner's.

    Returns:
        Shape (our neurons,), 0 without a partner; the sign of each is its coin.
    """
    agreed = np.zeros(len(ours_up), dtype=np.float64)
    mine, other = ours_up[by_gate.ours], theirs_up[by_gate.theirs]
    agreed[by_gate.ours] = np.einsum("ij,ij->i", mine, other, dtype=np.float64)
    return agreed


def filled(units: Floats32) -> int:
    """Return how many units are more than zeros: others are in no pair.

    Examples:
        >>> filled(np.array([[0.0, 1.0], [0.0, 0.0]], dtype=np.float32))
        1
    """
    return int((units != 0.0).any(axis=1).sum())


@dataclass(frozen=True, slots=True)
class Agreement:
    """Pairs that two matchings of the same units have in common."""

    common: int
    """Pairs in both."""

    expected: float
    """Mean number under the law."""

    log10_p: float
    """Chance of as many under the law, base-10 logarithm."""


def agreement(first: Pairs, second: Pairs, rows: int, columns: int) -> Agreement:
    """Return how far two matchings agree.

    Parameters:
        first: By one property of the units.
        second: By another.
        rows: Units of ours that could be matched.
        columns: Units of theirs that could.
    """
    partner = np.full(1 + max(first.ours.max(initial=0), second.ours.max(initial=0)), -1)
    partner[first.ours] = first.theirs
    common = int((partner[second.ours] == second.theirs).sum())
    sizes = first.ours.size, second.ours.size
    able = max(rows, *sizes), max(columns, *sizes)
    return Agreement(
        common,
        sizes[0] * sizes[1] / max(1, able[0] * able[1]),
        matchings_log10_sf(common, *sizes, *able),
    )
