"""What a signal of use is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Use:
    """What every party did in some steps."""

    total: Callable[[str], npt.NDArray[np.float64]]
    """Column of `population.COUNT_COLUMNS` -> count of each party, shape (parties,)."""

    public: npt.NDArray[np.float64]
    """Exchanges of each party whose prompt others sent too, shape (parties,)."""

    def share(self, column: str) -> npt.NDArray[np.float64]:
        """Return the share of each party's exchanges that a column counts."""
        return self.total(column) / np.maximum(self.total("exchanges"), 1.0)


class UseSignal(Protocol):
    """One habit that tells harvesting from using: a share of a party's exchanges.

    The class docstring is what `phalanx explain` prints. A habit alone proves nothing: its
    rank among parties of like volume does, see `phalanx.detect.honest`.
    """

    rule_id: str
    name: str
    habit: str
    """What the exchanges have in common, as reports say it."""

    source: str
    columns: tuple[str, ...]

    def share(self, use: Use) -> npt.NDArray[np.float64]:
        """Return the share of each party's exchanges, shape (parties,)."""
        ...
