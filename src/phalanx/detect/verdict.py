"""Tracked groups that are about the same parties, with the members that are listed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from phalanx.detect.links import STANDING_FAMILIES
from phalanx.detect.track import Track, are_mostly_same

_NEARLY_ALL = 0.9
"""Share of a group that was split which a part must hold to show what the whole has shown."""

GROUNDS = ("prior", "content", *(family.rule_id for family in STANDING_FAMILIES))
"""What a membership rests on, as log odds: the prior, what is sent, each standing family."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Tracks that are about the same parties, with the members that are sure."""

    tracks: tuple[Track, ...]
    """The one that named the parties first; it carries the judgement."""

    members: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    grounds: npt.NDArray[np.float64]
    """What the confidence is made of, see `GROUNDS`, shape (members, grounds)."""

    is_part: bool = False
    """Whether another part of the same group was told apart."""

    def keep(self, rows: npt.NDArray[np.generic]) -> Verdict:
        """Return the members of some rows, in that order."""
        return replace(
            self,
            members=self.members[rows],
            confidence=self.confidence[rows],
            grounds=self.grounds[rows],
        )

    @property
    def lead(self) -> Track:
        """The track that carries the judgement."""
        return self.tracks[0]

    @property
    def evidence_of_parties(self) -> int | None:
        """Size of the tracked group where the members are not mostly that group.

        Of one that was split, a part must be nearly all of it: what others showed is not its own.
        """
        tracked = self.lead.members
        is_same = are_mostly_same(self.members, tracked) and (
            not self.is_part
            or np.intersect1d(self.members, tracked).size >= _NEARLY_ALL * tracked.size
        )
        return None if is_same else int(tracked.size)
