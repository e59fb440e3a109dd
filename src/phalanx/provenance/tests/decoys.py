"""Whether a law of matchings holds on two models, by suspects that cannot be kin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phalanx.provenance.tests.blocks import Block
from phalanx.provenance.tests.gate_up import Agreement, agreement, filled, mutual_nearest

DOUBT_LOG10_P = -3.0
"""A law that decoys contradict at this level is not believed."""

_BLOCKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoys:
    """What became of suspects whose residual stream was permuted at random."""

    count: int
    """How many, over all blocks."""

    common: float
    """Pairs that both matchings had in common, on average."""

    expected: float
    """The same, as the law has it."""

    doubt_log10_p: float
    """Chance of the most extreme of them under the law, corrected for their number."""

    @property
    def contradict(self) -> bool:
        """Whether the law is not to be believed on these models."""
        return self.doubt_log10_p <= DOUBT_LOG10_P

    @property
    def doubt(self) -> str:
        """Why the law is not to be believed, if it is not."""
        return (
            f"the law does not hold on these models: {self.count} decoys had {self.common:.2f} "
            f"pairs in common, and {self.expected:.2f} were expected"
        )


def block_agreement(ours: Block, theirs: Block) -> Agreement:
    """Return how far pairs by one part agree with pairs by the other."""
    first = mutual_nearest(ours.first, theirs.first)
    second = mutual_nearest(ours.second, theirs.second)
    return agreement(first, second, filled(ours.first), filled(theirs.first))


def try_decoys(
    pairs: Sequence[tuple[Block, Block]],
    count: int,
    random: np.random.Generator,
    *,
    mirrored: bool,
) -> Decoys:
    """Test a law on suspects whose stream is permuted, in all weights alike.

    If the suspect is not kin its permuted self is as likely, so its matchings agree by the same
    law as the suspect's own; if it is kin, permuting makes it a stranger.

    Parameters:
        pairs: Blocks of ours and theirs; at most four of them are tried, spread over all.
        count: Decoys over all blocks.
        random: Draws permutations.
        mirrored: Whether signs may change as well.
    """
    at = sorted({*np.linspace(0, len(pairs) - 1, _BLOCKS).astype(int).tolist()}) if pairs else []
    found = [
        block_agreement(pairs[block][0], _permuted(pairs[block][1], random, mirrored=mirrored))
        for block in at
        for _ in range(-(-count // len(at)))
    ]
    smallest = min((each.log10_p for each in found), default=0.0)
    return Decoys(
        count=len(found),
        common=float(np.mean([each.common for each in found])) if found else 0.0,
        expected=float(np.mean([each.expected for each in found])) if found else 0.0,
        doubt_log10_p=min(0.0, smallest + float(np.log10(max(1, len(found))))),
    )


def _permuted(block: Block, random: np.random.Generator, *, mirrored: bool) -> Block:
    width = block.first.shape[1]
    order = random.permutation(width)
    signs = random.choice([-1.0, 1.0], width) if mirrored else np.ones(width)
    turn = signs.astype(np.float32)
    return Block(
        block.layer, block.expert, block.units, block.places, block.first[:, order] * turn,
        block.second[:, order] * turn, block.gated, block.standing,
    )  # fmt: skip
