"""Every group of a scan with what its looks said, so that the lists can be drawn again.

The null hypotheses, the rule of combining and the control of error are those of the scan:
`without_strongest` over families, `weighted_looks` over looks, e-BH for two nulls over all
groups. Taking out evidence of one group changes nothing in the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from phalanx.detect.appeals.tables import LookRow
from phalanx.detect.rules import all_rules
from phalanx.errors import InputError
from phalanx.evidence import (
    LINKED_LOG10_E,
    NOT_ASKED,
    e_benjamini_hochberg,
    e_benjamini_hochberg_two_nulls,
    first_levels_log10_e,
    mean,
    weighted_looks,
    without_strongest,
)

FORMED_WITH: Mapping[str, frozenset[str]] = {
    "content": frozenset({"PHX-D001"}),
    "identity": frozenset({"PHX-D002", "PHX-D003", "PHX-D005"}),
    "birth": frozenset({"PHX-D007"}),
}
"""Route -> links that formed its groups, and therefore testify for none of them."""

Reach = Literal["campaign", "undeclared_pool", "none"]

GRAVITY: Sequence[Reach] = ("none", "undeclared_pool", "campaign")
"""Lists from the mildest to the gravest."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one account's groups when evidence was taken out."""

    reach: Reach
    """The gravest list that one of them reaches."""

    by_first: bool
    """Whether the first of them reaches it, or only another."""

    log10_e_apart: float
    log10_e_honest: float
    """Of the first, minus infinity where the question was never asked."""


class Docket:
    """All groups ever opened.

    Parameters:
        looks: Every look at every group, in order.
        false_discovery_rate: In (0, 1).
    """

    def __init__(self, looks: Sequence[LookRow], false_discovery_rate: float) -> None:
        """Put the looks of each group together; nothing is taken out yet."""
        if not 0.0 < false_discovery_rate < 1.0:
            message = f"campaigns.json: false_discovery_rate is {false_discovery_rate}"
            raise InputError(message, next_step="Pass the folder that a scan wrote.")
        self._looks: dict[int, list[LookRow]] = {}
        for look in looks:
            self._looks.setdefault(look.track, []).append(look)
        self._rate = false_discovery_rate
        self._row = {track: row for row, track in enumerate(self._looks)}
        groups = list(self._looks.values())
        self._weights = np.array([of[0].opening_parties for of in groups], dtype=np.float64)
        recorded = [
            (
                weighted_looks([_asked(look.log10_e_apart) for look in of]),
                weighted_looks([_asked(look.log10_e_honest) for look in of]),
            )
            for of in groups
        ]
        self._apart, self._honest = np.array(recorded, dtype=np.float64).reshape(-1, 2).T

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self._looks)

    def last_look(self, track: int) -> LookRow:
        """Return the last look at a group.

        Raises:
            InputError: If the scan has no such group.
        """
        return self._of(track)[-1]

    def levels(self, track: int) -> tuple[float, float]:
        """Return the e_apart that a group had to reach as a campaign, and as a pool.

        Raises:
            InputError: If the scan has no such group.
        """
        self._of(track)
        found = e_benjamini_hochberg_two_nulls(
            self._apart, self._honest, self._rate, self._weights
        ).rejected
        campaign = first_levels_log10_e(self._weights, self._rate, int(found.sum()))
        pool = e_benjamini_hochberg(self._apart, self._rate, self._weights).threshold_log10_e
        return float(campaign[self._row[track]]), float(pool[self._row[track]])

    def rules(self, tracks: Collection[int]) -> frozenset[str]:
        """Return the links that said anything about some groups, or formed them."""
        said = {rule for t in tracks for look in self._of(t) for rule, _ in look.log10_e_of_rules}
        formed = (FORMED_WITH[self._of(t)[0].route] for t in tracks)
        return frozenset(said).union(*formed)

    def judge(
        self, tracks: Sequence[int], removed: frozenset[str], *, unformed: bool = False
    ) -> Outcome:
        """Draw the lists again without some evidence of some groups.

        Parameters:
            tracks: Groups, at least one; the first carries the judgement.
            removed: Links whose evidence is taken out.
            unformed: Whether groups that a removed link helped to form are taken out too.

        Returns:
            How far any of the groups gets. Evidence against honest use is kept as recorded
            where it would have been asked for, and dropped where it would not.
        """
        apart, honest = self._apart.copy(), self._honest.copy()
        rows = [self._row[track] for track in tracks]
        for track, row in zip(tracks, rows, strict=True):
            if unformed and FORMED_WITH[self._looks[track][0].route] & removed:
                apart[row] = honest[row] = NOT_ASKED
            elif removed:
                apart[row], honest[row] = self._without(track, removed)
        campaigns = e_benjamini_hochberg_two_nulls(apart, honest, self._rate, self._weights)
        pools = e_benjamini_hochberg(apart, self._rate, self._weights)
        reaches: list[Reach] = [
            "campaign" if is_campaign else "undeclared_pool" if is_pool else "none"
            for is_campaign, is_pool in zip(
                campaigns.rejected[rows], pools.rejected[rows], strict=True
            )
        ]
        reach = max(reaches, key=GRAVITY.index)
        first = rows[0]
        return Outcome(reach, reaches[0] == reach, float(apart[first]), float(honest[first]))

    def _of(self, track: int) -> list[LookRow]:
        if track not in self._looks:
            message = f"looks.parquet: has no group {track}"
            raise InputError(message, next_step="Scan again; the files do not fit together.")
        return self._looks[track]

    def _without(self, track: int, removed: frozenset[str]) -> tuple[float, float]:
        """Combine the other links at each look; use is examined only where parties are linked."""
        of_apart: list[float] = []
        of_honest: list[float] = []
        for look in self._looks[track]:
            if look.log10_e_apart is None:
                of_apart.append(NOT_ASKED)
                of_honest.append(NOT_ASKED)
                continue
            left = [(rule, said) for rule, said in look.log10_e_of_rules if rule not in removed]
            apart = combine_rules(left, look.parties)
            of_apart.append(apart)
            is_asked = apart >= LINKED_LOG10_E
            of_honest.append(_asked(look.log10_e_honest) if is_asked else NOT_ASKED)
        return weighted_looks(of_apart), weighted_looks(of_honest)


def combine_rules(said: Sequence[tuple[str, float]], parties: int) -> float:
    """Combine what links say about a group, as `phalanx.detect.apart.combine` does.

    Parameters:
        said: Rule and log10 e.
        parties: Size of the group.

    Examples:
        >>> combine_rules([("PHX-D007", 9.0), ("PHX-D008", 4.0)], 2)
        4.0
    """
    return without_strongest(((source_of(rule), log10_e) for rule, log10_e in said), parties)


@cache
def source_of(rule_id: str) -> str:
    """Return the source of a link; a rule that this version does not know is its own."""
    return next((rule.family for rule in all_rules() if rule.rule_id == rule_id), rule_id)


def _asked(log10_e: float | None) -> float:
    return NOT_ASKED if log10_e is None else log10_e


def strongest_source(said: Sequence[tuple[str, float]]) -> str | None:
    """Return the source that is left out as the strongest; null where nothing was said.

    Examples:
        >>> strongest_source([("PHX-D007", 9.0), ("PHX-D002", 4.0), ("PHX-D005", 12.0)])
        'identity'
    """
    by_source: dict[str, list[float]] = {}
    for rule, log10_e in said:
        by_source.setdefault(source_of(rule), []).append(log10_e)
    return max(by_source, key=lambda source: mean(by_source[source]), default=None)
