"""One chance of a false accusation, divided before anything is looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass

from phalanx.provenance.verdict.families import Family

LEVEL = 1e-6
"""Chance of accusing an independent model that is accepted, all families together; as an audit of
marks has it."""

LEAST_LEVEL = 1e-300
"""Below, parts of a level are no numbers any more."""


@dataclass(frozen=True, slots=True)
class Budget:
    r"""Which families are asked, and how much chance of error all of them have together.

    By Bonferroni's inequality the chance that any true null hypothesis of any family is rejected
    is at most the level, however the families depend on each other. Families that are not asked
    cost nothing, because this is fixed before one of them answers.

    Parameters:
        level: From 1e-300 to below 1.
        families: Those that are asked, each once.

    Raises:
        ValueError: If the level is out of range, or a family comes twice, or there is none.

    Examples:
        >>> Budget(1e-6, (Family.WEIGHTS, Family.AUDIT)).log10_share
        -6.301...
    """

    level: float
    """Chance of rejecting any true null hypothesis that is accepted."""

    families: tuple[Family, ...]
    """Those that are asked, fixed beforehand."""

    def __post_init__(self) -> None:
        """Refuse what is no budget."""
        if not LEAST_LEVEL <= self.level < 1.0:
            message = f"a level lies between {LEAST_LEVEL:g} and 1, not at {self.level}"
            raise ValueError(message)
        if not self.families or len(set(self.families)) != len(self.families):
            message = "a budget is divided between families, each named once"
            raise ValueError(message)

    @property
    def share(self) -> float:
        """Part of the level that each family has."""
        return self.level / len(self.families)

    @property
    def log10_share(self) -> float:
        """The same, base-10 logarithm."""
        return math.log10(self.level) - math.log10(len(self.families))
