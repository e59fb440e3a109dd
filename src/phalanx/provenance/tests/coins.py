"""Comparisons that come out either way with equal chance, if nothing wrong happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.evidence.tails import binomial_log10_sf


@dataclass(frozen=True, slots=True)
class Coins:
    """How often a comparison spoke for kinship."""

    heads: int = 0
    """Comparisons that did."""

    tosses: int = 0
    """Comparisons that spoke either way."""

    def __add__(self, other: Coins) -> Coins:
        """Return both together: right where they are independent under the null hypothesis."""
        return Coins(self.heads + other.heads, self.tosses + other.tosses)

    @property
    def log10_p(self) -> float:
        """Chance of as many heads or more of fair coins, base-10 logarithm.

        Examples:
            >>> round(Coins(10, 10).log10_p, 2)
            -3.01
        """
        return float(binomial_log10_sf([self.heads], self.tosses, 0.5)[0]) if self.tosses else 0.0


def toss(differences: npt.NDArray[np.floating]) -> Coins:
    """Return the signs of some numbers as coins; zeros and what is no number speak neither way.

    Examples:
        >>> toss(np.array([0.3, -0.1, 0.0, np.nan, 2.0]))
        Coins(heads=2, tosses=3)
    """
    return Coins(
        int((differences > 0).sum()), int((differences > 0).sum() + (differences < 0).sum())
    )
