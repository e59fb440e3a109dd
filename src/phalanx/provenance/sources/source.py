"""What tests of behaviour ask of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt


@runtime_checkable
class LogprobSource(Protocol):
    """A model that can be read, and asked."""

    @property
    def name(self) -> str:
        """What a report calls it."""
        ...

    def log_probabilities(self, texts: Sequence[str]) -> list[npt.NDArray[np.float64]]:
        """Return natural logarithms of what the model gives each token of each text.

        The first token counts only where the model puts one of its own before it. How long an
        array is depends on the tokenizer.

        Raises:
            PhalanxError: If the model cannot be read.
        """
        ...

    def answers(self, questions: Sequence[str], tokens: int) -> list[str | None]:
        """Return the likeliest answer to each question, so many tokens long; none if refused.

        Raises:
            PhalanxError: If the model cannot be asked.
        """
        ...
