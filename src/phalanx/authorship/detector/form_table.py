"""An additive model of the form: each number falls into a step, and each step has a weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FormTable:
    """Steps of each number of the form, and what they weigh."""

    edges: Floats
    """Rising borders between the steps, shape (numbers, steps - 1)."""

    weights: Floats
    """Shape (numbers, steps)."""

    centre: Floats
    """Median of each number over fitted documents of both kinds, shape (numbers,)."""

    spread: Floats
    """Their interquartile range, shape (numbers,), positive."""

    def __post_init__(self) -> None:
        """Refuse shapes that do not fit, and edges that fall."""
        numbers, steps = self.weights.shape
        if self.edges.shape != (numbers, steps - 1) or (np.diff(self.edges) < 0).any():
            message = "edges of the form must rise, one fewer than weights"
            raise ValueError(message)
        if self.centre.shape != (numbers,) or self.spread.shape != (numbers,):
            message = "each number of the form has one centre and one spread"
            raise ValueError(message)

    def steps(self, forms: Floats) -> npt.NDArray[np.int64]:
        """Return the step of each number, shape (documents, numbers).

        Parameters:
            forms: Shape (documents, numbers).
        """
        return np.asarray((forms[:, :, None] >= self.edges[None]).sum(axis=2))

    def scores(self, forms: Floats) -> Floats:
        """Return the sum of the weights of the steps of each document.

        Parameters:
            forms: Shape (documents, numbers).
        """
        numbers = np.arange(self.weights.shape[0])
        return np.asarray(self.weights[numbers, self.steps(forms)].sum(axis=1))

    def distances(self, forms: Floats) -> Floats:
        """Return how far each document lies from what was fitted, in spreads, on average.

        A number counts for three spreads at most: one odd trait makes no stranger.
        """
        away = np.abs(forms - self.centre) / self.spread
        return np.asarray(np.minimum(away, 3.0).mean(axis=1))
