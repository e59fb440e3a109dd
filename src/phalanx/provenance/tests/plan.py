"""What is fixed before two models are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is looked at, and by which random choices."""

    seed: int = 0
    """Of the choice of neurons, tokens, signs and decoys: it must not depend on the models."""

    neurons: int = 512
    """Neurons of ours in each block that are looked for in the suspect."""

    map_neurons: int = 128
    """The same, for each pair of blocks in the layer map."""

    tokens: int = 4096
    """Tokens whose embeddings are compared."""

    anchors: int = 256
    """Tokens that the coordinates over the vocabulary are made of."""

    decoys: int = 100
    """Suspects with a permuted stream, over all blocks that are checked with them."""

    experts_bytes: int = 2_000_000_000
    """What the neurons of one model may take in memory. If all experts take more, the first few of
    each layer are compared; one of each layer is, whatever it takes."""

    map_pairs: int = 4096
    """Pairs of blocks in the layer map, at most; of experts, the first few are taken."""

    level: float = 1e-6
    """Once a test of the suspect as it stands reaches it, the same tests over the vocabulary are
    not asked; they are counted all the same."""

    def random(self, purpose: str) -> np.random.Generator:
        """Return a generator for one purpose, which other purposes do not move.

        Examples:
            >>> plan = Plan(seed=3)
            >>> plan.random("a").random() == plan.random("a").random() != plan.random("b").random()
            True
        """
        return np.random.default_rng([self.seed, *purpose.encode()])

    def places(self, units: int, most: int, purpose: str) -> Places:
        """Return which of so many units are looked at: rising, the same for equal numbers."""
        if units <= most:
            return np.arange(units)
        return np.sort(self.random(f"{purpose} of {units}").choice(units, most, replace=False))
