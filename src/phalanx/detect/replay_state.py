"""What a replay is told, and where it stands after a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.detect.route import Route
from phalanx.detect.track import Track


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """What the replay needs to know."""

    false_discovery_rate: float
    minimum_parties: int
    seed: int
    threads: int
    trusted: npt.NDArray[np.bool_] | None
    """Parties that form the reference, or null for the cohort's own."""

    knows_sets: bool = False
    """Whether prompts were compared with known sets."""


@dataclass(frozen=True, slots=True)
class ReplayState:
    """Where a replay stands after a step: all that later steps need of the earlier ones."""

    step: int
    """The last step."""

    formed_step: int
    """The last step after which groups were formed."""

    texts: npt.NDArray[np.int64]
    """Community of texts of each party since then."""

    tracks: Sequence[Track]
    """All groups ever opened, by number."""

    alive: Mapping[Route, Sequence[int]]
    """Numbers of those that are followed."""
