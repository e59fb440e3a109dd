"""What differs between two models that share weights: counted, without any inference.

Kinship is what the tests decide. What stands here says how a copy was changed, and means nothing
for models that are no kin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from phalanx.provenance.roles.stacked import apart
from phalanx.provenance.weights import Checkpoint, Tensor
from phalanx.provenance.weights.numbers import Floats32

FEW_VALUES = 256
"""A row with at most so many different numbers was rounded to a grid of 8 bits or fewer."""

_ROWS_LOOKED_AT = 4
_WHOLE_NUMBERS = ("I32", "I64", "U32", "U64", "C64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Two models, tensor by tensor."""

    shared: int
    """Matrices of the same name and shape in both."""

    ours_only: int
    """Matrices of ours that the suspect does not have, by name and shape."""

    theirs_only: int
    """Matrices of the suspect that ours does not have."""

    identical: int
    """Shared matrices whose numbers are all the same."""

    our_zeros: float
    """Share of zeros among the numbers of shared matrices of ours."""

    their_zeros: float
    """The same of the suspect."""

    our_grids: int
    """Shared matrices of ours whose rows take few different numbers."""

    their_grids: int
    """The same of the suspect."""

    our_kinds: tuple[str, ...]
    """How matrices of ours are stored."""

    their_kinds: tuple[str, ...]
    """How those of the suspect are."""

    our_layers: int
    """Layers that were recognised in ours."""

    their_layers: int
    """Layers that were recognised in the suspect."""


def count_changes(
    ours: Checkpoint, theirs: Checkpoint, our_layers: int, their_layers: int
) -> Changes:
    """Count what differs; every shared matrix is read once, in pieces.

    Parameters:
        ours: Our model.
        theirs: The suspect.
        our_layers: Layers that were recognised in ours.
        their_layers: Layers that were recognised in the suspect.

    Raises:
        InputError: If a file ends before, or has numbers of a kind that cannot be read.
    """
    mine, other = _matrices(ours), _matrices(theirs)
    shared = [name for name in mine if name in other and mine[name].shape == other[name].shape]
    identical, grids, zeros, size = 0, [0, 0], [0, 0], 0
    for name in shared:
        same = True
        for (start, left), (_, right) in zip(
            mine[name].blocks(), other[name].blocks(), strict=True
        ):
            same = same and np.array_equal(left, right, equal_nan=True)
            for at, block in enumerate((left, right)):
                zeros[at] += block.size - int(np.count_nonzero(block))
                grids[at] += start == 0 and _on_a_grid(block)
            size += left.size
        identical += same
    return Changes(
        shared=len(shared),
        ours_only=len(mine) - len(shared),
        theirs_only=len(other) - len(shared),
        identical=identical,
        our_zeros=zeros[0] / max(1, size),
        their_zeros=zeros[1] / max(1, size),
        our_grids=grids[0],
        their_grids=grids[1],
        our_kinds=tuple(sorted({each.stored for each in mine.values()})),
        their_kinds=tuple(sorted({each.stored for each in other.values()})),
        our_layers=our_layers,
        their_layers=their_layers,
    )


def _matrices(checkpoint: Checkpoint) -> Mapping[str, Tensor]:
    """Return what is compared: experts that share a tensor count one by one."""
    return {
        name: each
        for name, each in apart(checkpoint.tensors).items()
        if len(each.shape) == 2 and 0 not in each.shape and each.stored not in _WHOLE_NUMBERS
    }


def _on_a_grid(block: Floats32) -> bool:
    """Tell whether the first rows take far fewer different numbers than they have places.

    Zeros count as one, so that a pruned row is no grid.
    """
    rows = block[:_ROWS_LOOKED_AT]
    filled = [row[row != 0.0] for row in rows]
    return all(
        each.size > 0 and np.unique(each).size <= min(FEW_VALUES, each.size // 2) for each in filled
    )
