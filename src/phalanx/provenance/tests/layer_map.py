"""Which blocks of the suspect come from which of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence import holm
from phalanx.provenance.tests.blocks import Block
from phalanx.provenance.tests.gate_up import agreement, filled, mutual_nearest, sign_coins
from phalanx.provenance.tests.swaps import swap_coins

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerMap:
    """Evidence for each pair of blocks that could be compared."""

    ours: tuple[str, ...]
    """Our blocks: the layer's number, and the expert's behind a stroke."""

    theirs: tuple[str, ...]
    """The suspect's blocks."""

    log10_p: Floats
    """Shape (ours, theirs), base-10 logarithms, corrected for all pairs (Holm); NaN where a pair
    cannot be compared. Null hypothesis of each: this block was made without that."""

    left_out: int
    """Blocks of experts that were not compared, for their number."""

    def origins(self, log10_level: float) -> dict[str, str]:
        """Return for each block of the suspect the block of ours that it comes from, if any.

        Parameters:
            log10_level: Chance of naming any pair falsely that is accepted, base-10 logarithm.
        """
        if not self.ours:
            return {}
        seen = np.nan_to_num(self.log10_p, nan=0.0)
        found = {}
        for column, name in enumerate(self.theirs):
            row = int(seen[:, column].argmin())
            if seen[row, column] <= log10_level:
                found[name] = self.ours[row]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """What may be believed of two models, in the coordinates in which they are compared."""

    matchings: bool
    """The law of matchings. Over the vocabulary it is not: neurons of any two models of one
    language that serve the same tokens pair alike by what they read and by what they write."""

    signs: bool
    """That the sign of an up-row of ours is nobody's choice."""


def pair_log10_p(ours: Block, theirs: Block, believed: Believed) -> float:
    """Return the evidence that one block comes from another, NaN if they cannot be compared.

    The better of two tests, doubled: neurons in the same places, where both have as many; and
    neurons found by their gates, with the signs of their up-rows (where there are no gates: pairs
    by up-row and down-column, by the law of matchings).

    Parameters:
        ours: One of our blocks.
        theirs: One of the suspect's.
        believed: What is tested by it.
    """
    if ours.gated != theirs.gated or ours.first.shape[1] != theirs.first.shape[1]:
        return float("nan")
    found = []
    if ours.gated and believed.signs:
        pairs = mutual_nearest(ours.first, theirs.first)
        found.append(sign_coins(pairs, ours.second, theirs.second).log10_p)
    elif believed.matchings and not ours.gated:
        pairs = mutual_nearest(ours.first, theirs.first)
        again = mutual_nearest(ours.second, theirs.second)
        found.append(agreement(pairs, again, *map(filled, (ours.first, theirs.first))).log10_p)
    if ours.units == theirs.units:
        found.append(swap_coins(ours.standing, theirs.standing).log10_p)
    return min(0.0, min(found) + float(np.log10(len(found)))) if found else float("nan")


def layer_map(
    ours: Sequence[Block],
    theirs: Sequence[Block],
    neurons: int,
    most_pairs: int,
    believed: Believed,
) -> LayerMap:
    """Compare every block with every one, of any layers, numbers of layers and widths.

    Parameters:
        ours: Our blocks.
        theirs: The suspect's, in the same coordinates.
        neurons: Of each of our blocks that are looked for.
        most_pairs: Pairs that are compared; beyond, each layer's first experts only.
        believed: What pairs are tested by.
    """
    left, right = [*ours], [*theirs]
    while len(left) * len(right) > most_pairs:
        longest = max(left, right, key=len)
        kept = _fewer(longest)
        if len(kept) == len(longest):
            break
        longest[:] = kept
    smaller = [_some(each, neurons) for each in left]
    raw = np.array([[pair_log10_p(mine, other, believed) for other in right] for mine in smaller])
    raw = raw.reshape(len(left), len(right))
    known = ~np.isnan(raw)
    adjusted = np.full(raw.shape, np.nan)
    adjusted[known] = holm(raw[known])
    return LayerMap(
        ours=tuple(each.name for each in left),
        theirs=tuple(each.name for each in right),
        log10_p=adjusted,
        left_out=len(ours) + len(theirs) - len(left) - len(right),
    )


def _fewer(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks without the last expert of the layers that have most of them."""
    counts: dict[int, int] = {}
    for each in blocks:
        counts[each.layer] = counts.get(each.layer, 0) + 1
    most = max(counts.values())
    if most == 1:
        return [*blocks]
    seen: dict[int, int] = {}
    kept = []
    for each in blocks:
        seen[each.layer] = seen.get(each.layer, 0) + 1
        if seen[each.layer] < most:
            kept.append(each)
    return kept


def _some(block: Block, neurons: int) -> Block:
    """Return a block with the first of some of its neurons, spread over all that were read."""
    if len(block.first) <= neurons:
        return block
    # The neurons in their places stay, since they cost little.
    at = np.linspace(0, len(block.first) - 1, neurons).astype(np.int64)
    return Block(
        block.layer, block.expert, block.units, block.places, block.first[at], block.second[at],
        block.gated, block.standing,
    )  # fmt: skip
