"""What a link family is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from phalanx.detect.population import Population

Source = Literal["software", "network", "identity", "birth", "timing"]
"""What could explain a shared value innocently. Families of one source are averaged,
because one innocent cause would explain them all; sources are multiplied."""

MISSING = -1
"""Value of a party that does not carry the attribute."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known when a step is over."""

    population: Population
    step: int
    """Index of the step that has just ended."""

    communities: npt.NDArray[np.int64]
    """Community of texts that each party writes from; `MISSING` where it has none."""

    def attribute(self, name: str) -> npt.NDArray[np.int64]:
        """Return an attribute of each party as it is known now, 0 where it is not."""
        return self.population.attribute(name, self.step)


class LinkFamily(Protocol):
    """One trait that parties of one operator share.

    The class docstring is what `phalanx explain` prints.
    """

    name: str
    columns: tuple[str, ...]

    rule_id: str
    source: Source
    stratum: str
    """Attribute within whose values the family's values are exchangeable under the null."""

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:
        """Return one value per party, at one or several resolutions, finest first."""
        ...


def coded(hashes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Replace hashes by small codes, and 0 by `MISSING`.

    Examples:
        >>> coded(np.array([70, 0, 70, 9])).tolist()
        [1, -1, 1, 0]
    """
    codes = np.full(hashes.size, MISSING, dtype=np.int64)
    present = hashes != 0
    _, codes[present] = np.unique(hashes[present], return_inverse=True)
    return codes
