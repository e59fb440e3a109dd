"""What a link family is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from phalanx.detect.codes import MISSING
from phalanx.detect.population import Population

Source = Literal["software", "network", "identity", "birth", "timing"]
"""What could explain a shared value innocently. Families of one source are averaged,
because one innocent cause would explain them all; sources are multiplied."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known when a step is over."""

    population: Population
    step: int
    """Index of the step that has just ended."""

    communities: npt.NDArray[np.int64]
    """Community of texts that each party writes from; `MISSING` where it has none."""

    def code(self, name: str) -> npt.NDArray[np.int64]:
        """Return an attribute of each party that has appeared, as it is known now."""
        return self.population.code(name, self.step)

    @property
    def created(self) -> npt.NDArray[np.int64]:
        """Creation of each party's earliest account, as it is known now; 0 where unknown."""
        return np.where(self.code("created") == MISSING, 0, self.population.attributes["created"])


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
