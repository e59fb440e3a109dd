"""What a scheme of marking is to the detector."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from phalanx.watermark.draws import Draws, Unit

Law = Callable[[npt.NDArray[np.float64], int], npt.NDArray[np.float64]]
"""Base-10 logarithm of the chance that the sum of so many scores is at least each total, exact
under the null hypothesis, without a floor: `law(totals, draws)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What both ends must agree on, beside the key."""

    name: str
    """Versioned name of the scheme with its parameters where they are not the usual ones, as
    `registry.open_scheme` takes it: `phalanx-gumbel-v1?context_width=2`."""

    context_width: int
    """Tokens before a token that its choice depends on."""

    unit: Unit
    """What counts once."""

    before_first: int | None = None
    """What an engine takes for the tokens before the first of an answer, where it marks the first
    ones too, as `draws.draw` takes it; null where they are not marked, or not counted."""

    key_bytes: int
    """Length of a key. Engines that take integers get them from these bytes, big-endian."""

    null_hypothesis: str
    """In words."""

    assumptions: tuple[str, ...]
    """What must hold for a p-value to mean what it says."""

    cost: str
    """What the mark costs: quality, diversity, time."""

    law: Law
    """Law of a sum of scores if the text has nothing to do with the key."""

    most: float = math.inf
    """Largest score that a draw can have."""

    gain: Callable[[float], float] | None = None
    """Mean score of a marked draw whose token was chosen with so many nats of entropy, or a
    bound below it; null where nothing is known."""


@runtime_checkable
class Scheme(Protocol):
    """A way of marking text, and of seeing the mark again.

    A text that was made without a key scores under it like any other text; what was made with
    it scores higher. Scores of different draws are independent under the null hypothesis.
    """

    @property
    def setting(self) -> Setting:
        """What both ends must agree on."""
        ...

    def scores(self, draws: Draws, key: bytes) -> npt.NDArray[np.float64]:
        """Return the score of each draw, shape (draws,)."""
        ...

    def totals(self, draws: Draws, keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return the sum of all scores under each key; keys have shape (keys, key_bytes)."""
        ...
