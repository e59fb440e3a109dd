"""A group that is followed over the steps of a log, and what is decided about all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from phalanx.detect.alliance.marked import Marked
from phalanx.detect.apart import FamilyEvidence
from phalanx.detect.honest import HonestEvidence
from phalanx.detect.route import BY_MARKS, Route
from phalanx.evidence import (
    LINKED_LOG10_E,
    NOT_ASKED,
    Discoveries,
    Favour,
    both,
    e_benjamini_hochberg_two_nulls,
    favoured_first,
    favoured_second,
    weighted_looks,
)

SUSPECTED_LOG10_E = 0.5
"""e-value against "operated apart" from which the parties of a group no longer stand in the
reference one by one. It is far below what a finding needs: members of campaigns in the
reference take away power, and few honest parties are lost. It does not look at use, so that
the ranks of honest parties stay what they are."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the families said about a group when it was looked at."""

    step: int
    parties: int
    """Size of the group then."""

    lines: tuple[FamilyEvidence, ...]


@dataclass
class Track:
    """A group followed over steps."""

    route: Route
    number: int
    formed_step: int
    opening: npt.NDArray[np.int64]
    """Parties when it was opened."""

    members: npt.NDArray[np.int64]
    marked: Marked | None = None
    """What marks said of it when it was opened; null for nothing."""

    timing: list[FamilyEvidence] = field(default_factory=list)
    """Timing in each step at which the group was looked at."""

    looks: list[Look] = field(default_factory=list)
    log10_apart: list[float] = field(default_factory=list)
    log10_honest: list[float] = field(default_factory=list)
    """Evidence of each look; `look` adds to all three."""

    log10_e_apart: float = NOT_ASKED
    """Evidence against "operated apart", over the looks so far."""

    log10_e_honest: float = NOT_ASKED
    """Evidence against "used honestly", over the looks so far."""

    apart_lines: list[FamilyEvidence] = field(default_factory=list)
    """Families at the last look."""

    linked_log10_e: float = 0.0
    """Latest evidence against "operated apart", from the opening on."""

    honest: HonestEvidence | None = None
    """Honest-use test at the last look."""

    discovered_step: int | None = None
    threshold: float = float("inf")
    threshold_without_marks: float | None = None
    """What the threshold would be if no marks were given; null where none were, they formed the
    group, or it would not be asked."""

    @property
    def opening_size(self) -> int:
        """Parties when it was opened; its weight in e-BH."""
        return self.opening.size

    def look(self, step: int, log10_apart: float, log10_honest: float) -> None:
        """Add the evidence of one look, `NOT_ASKED` where a question was not asked."""
        self.looks.append(Look(step, int(self.members.size), tuple(self.apart_lines)))
        self.log10_apart.append(log10_apart)
        self.log10_honest.append(log10_honest)
        self.log10_e_apart = weighted_looks(self.log10_apart)
        self.log10_e_honest = weighted_looks(self.log10_honest)

    @property
    def log10_e(self) -> float:
        """Evidence for a campaign."""
        return both(self.log10_e_apart, self.log10_e_honest)

    @property
    def is_linked(self) -> bool:
        """Whether the use of the parties is asked about."""
        return self.linked_log10_e >= LINKED_LOG10_E

    @property
    def is_suspected(self) -> bool:
        """Whether the parties count as one operator in the reference of other groups.

        Whoever lists marks chooses the groups that they form, and among many one shows a little
        by chance; so that nobody empties the reference, these must show more.
        """
        level = LINKED_LOG10_E if self.route in BY_MARKS else SUSPECTED_LOG10_E
        return self.linked_log10_e >= level


def are_mostly_same(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> bool:
    """Whether at least half of all parties of two groups together stand in both.

    Evidence is about parties: only then does one group inherit the evidence of the other.

    Examples:
        >>> four = np.arange(4)
        >>> are_mostly_same(four, four + 2), are_mostly_same(four, four[:3])
        (False, True)
    """
    shared = np.intersect1d(first, second).size
    return 2 * shared >= first.size + second.size - shared


def weights_of(tracks: Sequence[Track]) -> npt.NDArray[np.float64]:
    """Return the weight of groups by their size when they were opened.

    Groups that marks formed have none of their own: however many a list of marks forms, they
    take nothing from the others' share of the error.

    Parameters:
        tracks: All groups ever opened.
    """
    sizes = np.array([track.opening_size for track in tracks], dtype=np.float64)
    own = np.array([track.route not in BY_MARKS for track in tracks])
    return sizes * own if own.any() else sizes


def decide(
    tracks: Sequence[Track], false_discovery_rate: float, favour: Favour | None = None
) -> Discoveries:
    """Return which groups are campaigns on the evidence so far, each weighted by its size.

    Parameters:
        tracks: All groups ever opened.
        false_discovery_rate: In (0, 1).
        favour: What marks say of them; null where there are none.
    """
    sizes = weights_of(tracks)
    apart = np.array([track.log10_e_apart for track in tracks])
    honest = np.array([track.log10_e_honest for track in tracks])
    if favour is None:
        return e_benjamini_hochberg_two_nulls(apart, honest, false_discovery_rate, sizes)
    apart, weights = favoured_first(apart, sizes, favour)
    return e_benjamini_hochberg_two_nulls(
        apart,
        honest,
        false_discovery_rate,
        weights,
        second_weights=lambda linked: favoured_second(sizes, favour, linked),
    )
