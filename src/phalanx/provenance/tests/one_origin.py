"""Which blocks of one model may not be counted as independent of each other.

A coin is fair for each exchange of two units, but coins of two blocks are two only if the blocks'
orders are two: experts that grew from one block, and layers that are repeated or shared, have one
order. If our model has such blocks, and an honest suspect has them too, each of its coins would
count as often as the block stands there, and chance would look like kinship. What such blocks say
about the same unit is therefore added up before it is tossed: exchanging the unit in all of them
at once changes nothing either, whether they have one order or several.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from phalanx.provenance.tests.blocks import Block
from phalanx.provenance.tests.coins import Coins, toss
from phalanx.provenance.tests.swaps import swap_coins

Floats = npt.NDArray[np.float64]

ONE_ORIGIN_LOG10_P = -3.0
"""From here on two of our layers count as one: that costs tosses and no validity, so little is
enough."""


def layers_of_one_origin(blocks: Sequence[Block]) -> dict[int, int]:
    """Return for each layer the first of our layers whose neurons stand in the same order.

    By the first block of each layer alone: whoever repeats a layer repeats all of it. Only our
    model is looked at, so that the null hypothesis about the suspect stays as it is.

    Parameters:
        blocks: Of our model, in one frame.
    """
    first: dict[int, Block] = {}
    for each in blocks:
        first.setdefault(each.layer, each)
    origin: dict[int, int] = {}
    for layer, block in first.items():
        origin[layer] = layer
        for before in [*origin][:-1]:
            if _same_order(first[before], block):
                old, new = origin[layer], origin[before]
                origin = {each: new if at == old else at for each, at in origin.items()}
    return origin


def _same_order(one: Block, two: Block) -> bool:
    if one.units != two.units or len(one.standing) != len(two.standing):
        return False
    return swap_coins(one.standing, two.standing).log10_p <= ONE_ORIGIN_LOG10_P


def toss_together(leanings: Iterable[tuple[Hashable, Floats]]) -> Coins:
    """Return coins of units, each tossed once for all blocks that have one origin.

    Parameters:
        leanings: Of each block, by what it has in common with others: how far each of its units
            speaks for kinship, the same units in the same places.

    Examples:
        >>> toss_together([("a", np.array([1.0, -1.0])), ("a", np.array([2.0, -3.0]))])
        Coins(heads=1, tosses=2)
        >>> toss_together([("a", np.array([1.0, -1.0])), ("b", np.array([2.0, -3.0]))])
        Coins(heads=2, tosses=4)
    """
    sums: dict[Hashable, Floats] = {}
    for group, each in leanings:
        sums[group] = sums[group] + each if group in sums else each
    return sum((toss(each) for each in sums.values()), Coins())
