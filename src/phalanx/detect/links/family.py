"""What a link family is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from phalanx.detect.codes import MISSING
from phalanx.detect.population import Population
from phalanx.evidence import OddsTest, WitnessTest

Source = Literal["software", "network", "identity", "birth", "timing", "routing", "alliance"]
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
        """Return an attribute of each party, see `Population.code`."""
        return self.population.code(name, self.step)

    @property
    def created(self) -> npt.NDArray[np.int64]:
        """Creation of each party's earliest account, as it is known now; 0 where unknown."""
        return np.where(self.code("created") == MISSING, 0, self.population.attributes["created"])

    def strata(self, attribute: str) -> npt.NDArray[np.int64]:
        """Return within which parties values are exchangeable, shape (parties,), at least 0.

        Parameters:
            attribute: One of `Population.codes`, `PACE` or `VOLUME`.
        """
        if attribute == PACE:
            return self._pace()
        if attribute == VOLUME:
            return self._volume()
        # Parties without the attribute are a stratum of their own.
        return self.code(attribute) - MISSING

    def _pace(self) -> npt.NDArray[np.int64]:
        """Return the octave of each party's exchanges per active step before this one."""
        if self.step == 0:
            return np.zeros(self.population.parties.count, dtype=np.int64)
        activity = self.population.activity
        sent = activity.total("exchanges", 0, self.step - 1)
        steps = activity.active_steps(0, self.step - 1)
        # Somebody new has no pace yet, and is like the others who are new.
        return np.where(
            steps > 0, 1 + np.log2(np.maximum(sent, 1) / np.maximum(steps, 1)), 0
        ).astype(np.int64)

    def _volume(self) -> npt.NDArray[np.int64]:
        """Return the power of eight that each party's exchanges per step since it joined reach."""
        activity = self.population.activity
        sent = activity.total("exchanges", 0, self.step)
        rate = sent / np.maximum(self.step + 1 - activity.joined, 1)
        return np.maximum(np.log2(np.maximum(rate, 2.0**-10)) + 10.0, 0.0).astype(np.int64) // 3


PACE = "pace"
"""Stratum of parties that were equally busy until then."""

VOLUME = "volume"
"""Stratum of parties that sent about as much in all, within a factor of eight."""


Tester = Callable[[Sequence[npt.NDArray[np.int64]]], Sequence[OddsTest | WitnessTest]]
"""From groups of parties to the evidence on each."""


class LinkFamily(Protocol):
    """One trait that gives away the parties of one operator.

    The class docstring is what `phalanx explain` prints.
    """

    name: str
    columns: tuple[str, ...]

    rule_id: str
    source: Source


@runtime_checkable
class SharedValues(LinkFamily, Protocol):
    """A family of values that parties share; whether beyond chance, an urn tells."""

    stratum: str
    """Attribute within whose values the family's values are exchangeable under the null."""

    def values(self, moment: Moment) -> tuple[npt.NDArray[np.int64], ...]:
        """Return one value per party, at one or several resolutions, finest first."""
        ...


@runtime_checkable
class OwnTest(LinkFamily, Protocol):
    """A family with a test of its own: of what passes between parties, or how alike they write."""

    def tester(self, moment: Moment) -> Tester | None:
        """Return what tests groups at a moment, or null where nobody shows anything."""
        ...
