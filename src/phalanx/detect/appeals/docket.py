"""Every group of a scan with what its looks said, so that the lists can be drawn again.

The null hypotheses, the rule of combining and the control of error are those of the scan:
`without_strongest` over families, `weighted_looks` over looks, e-BH for two nulls over all
groups. Taking out evidence of one group changes nothing in the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from phalanx.detect.appeals.tables import GroupMarks, LookRow
from phalanx.detect.route import BY_MARKS
from phalanx.detect.rules import all_rules
from phalanx.errors import InputError
from phalanx.evidence import (
    LINKED_LOG10_E,
    NOT_ASKED,
    Favour,
    e_benjamini_hochberg,
    e_benjamini_hochberg_two_nulls,
    favoured_first,
    favoured_second,
    first_levels_log10_e,
    mean,
    weighted_looks,
    without_strongest,
)

MARK_RULE = "PHX-D014"
"""Marks of other providers: they form and weigh groups, and say nothing of their own."""

FORMED_WITH: Mapping[str, frozenset[str]] = {
    "content": frozenset({"PHX-D001"}),
    "identity": frozenset({"PHX-D002", "PHX-D003", "PHX-D005"}),
    "birth": frozenset({"PHX-D007"}),
    "mark": frozenset({MARK_RULE}),
    "template_mark": frozenset({MARK_RULE}),
}
"""Route -> links without which its groups would not have formed."""

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
        sizes = np.array([of[0].opening_parties for of in groups], dtype=np.float64)
        own = np.array([of[0].route not in BY_MARKS for of in groups])
        self._sizes = sizes * own if own.any() else sizes
        recorded = [
            (
                weighted_looks([_asked(look.log10_e_apart) for look in of]),
                weighted_looks([_asked(look.log10_e_honest) for look in of]),
            )
            for of in groups
        ]
        self._apart, self._honest = np.array(recorded, dtype=np.float64).reshape(-1, 2).T
        self._favour: Favour | None = None
        if any(of[0].marks for of in groups):
            pairs = zip(self._looks, self._apart.tolist(), strict=True)
            given = [self._given_marks(track, apart, frozenset()) for track, apart in pairs]
            self._favour = favour_of([of[0].marks for of in groups], np.array(given))

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
        apart, weights = self._weighed(self._apart, self._favour)
        found = self._campaigns(self._apart, self._honest, self._favour)
        campaign = first_levels_log10_e(weights, self._rate, int(found.sum()))
        pool = e_benjamini_hochberg(apart, self._rate, weights).threshold_log10_e
        return float(campaign[self._row[track]]), float(pool[self._row[track]])

    def rules(self, tracks: Collection[int]) -> frozenset[str]:
        """Return the links that said anything about some groups, or formed them."""
        said = {rule for t in tracks for look in self._of(t) for rule, _ in look.log10_e_of_rules}
        formed = (FORMED_WITH[self._of(t)[0].route] for t in tracks)
        weighed = {MARK_RULE for t in tracks if self._of(t)[0].marks is not None}
        return frozenset(said).union(weighed, *formed)

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
        favour = None if MARK_RULE in removed else self._favour
        given = None if favour is None else favour.first_log10_es.copy()
        rows = [self._row[track] for track in tracks]
        for track, row in zip(tracks, rows, strict=True):
            if unformed and FORMED_WITH[self._looks[track][0].route] & removed:
                apart[row] = honest[row] = NOT_ASKED
            elif removed:
                apart[row], honest[row] = self._without(track, removed)
            if given is not None:
                given[row] = self._given_marks(track, float(apart[row]), removed)
        if favour is not None and given is not None:
            favour = replace(favour, first_log10_es=given)
        campaigns = self._campaigns(apart, honest, favour)
        weighed, weights = self._weighed(apart, favour)
        pools = e_benjamini_hochberg(weighed, self._rate, weights).rejected
        reaches: list[Reach] = [
            "campaign" if is_campaign else "undeclared_pool" if is_pool else "none"
            for is_campaign, is_pool in zip(campaigns[rows], pools[rows], strict=True)
        ]
        reach = max(reaches, key=GRAVITY.index)
        first = rows[0]
        return Outcome(reach, reaches[0] == reach, float(apart[first]), float(honest[first]))

    def _campaigns(
        self,
        apart: npt.NDArray[np.float64],
        honest: npt.NDArray[np.float64],
        favour: Favour | None,
    ) -> npt.NDArray[np.bool_]:
        """Draw the list of campaigns."""
        weighed, weights = self._weighed(apart, favour)
        second = None if favour is None else partial(favoured_second, self._sizes, favour)
        return e_benjamini_hochberg_two_nulls(
            weighed, honest, self._rate, weights, second_weights=second
        ).rejected

    def _weighed(
        self, apart: npt.NDArray[np.float64], favour: Favour | None
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the evidence against "operated apart", and its weights, when marks count."""
        if favour is None:
            return apart, self._sizes
        return favoured_first(apart, self._sizes, favour)

    def _given_marks(self, track: int, apart: float, removed: frozenset[str]) -> float:
        """Return the evidence without what the marks on a group were read from."""
        marks = self._looks[track][0].marks
        if apart == NOT_ASKED or marks is None or not marks.read_from:
            return apart
        return self._without(track, removed | marks.read_from)[0]

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


def favour_of(marks: Sequence[GroupMarks | None], given_marks: npt.NDArray[np.float64]) -> Favour:
    """Return what marks say of groups, as the scan did.

    Parameters:
        marks: Of each group.
        given_marks: Evidence of each against "operated apart" without what they were read from.
    """
    names = sorted({each.campaign for each in marks if each})
    said = [
        (m.log_ratio_apart, m.log_ratio_honest, m.held_share) if m else (0.0, 0.0, 0.0)
        for m in marks
    ]
    apart, honest, held = np.array(said, dtype=np.float64).reshape(-1, 3).T
    odds = -np.log(max(len(marks), 1))
    return Favour(
        np.array([names.index(each.campaign) if each else -1 for each in marks], dtype=np.int64),
        expit(apart + odds),
        expit(honest + odds),
        held**2,
        given_marks,
    )


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
