"""What is measured of a group to tell kinds of operators apart."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import numpy.typing as npt

from phalanx.detect.attribution.hours import hours_of, picked_hours
from phalanx.detect.attribution.text_use import principals
from phalanx.detect.population import Population
from phalanx.detect.tables import CAPABILITY_COLUMNS
from phalanx.detect.use_window import PUBLIC_OUTSIDERS

FEATURES = (
    "size",
    "exchanges per account and day",
    "own content",
    "elicitation",
    "breadth of capabilities",
    "never continued",
    "output per input",
    "output length",
    "asked again",
    "asked by several members",
    "asked by outsiders",
    "principals per account",
    "hours of the day",
    "weekend",
)
"""Names of the measurements, in the order of `GroupMeasurer.measure`."""

_HOURS_OF_DAY = 24


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements of one group."""

    values: tuple[float | None, ...]
    """As `FEATURES`; null where the log does not show it."""


class GroupMeasurer:
    """Measures groups; what concerns the whole population is counted once.

    Parameters:
        population: Who did what.
        narrow: The narrow table that it was made from.
        groups: Parties of all groups that will be measured.
    """

    def __init__(
        self, population: Population, narrow: ibis.Table, groups: list[npt.NDArray[np.int64]]
    ) -> None:
        """Add up columns over the log, and look up the programs of the groups' accounts."""
        self._population = population
        activity = population.activity
        self._totals = {
            name: activity.total(name, 0, activity.steps - 1) for name in activity.counts
        }
        self._active_days = self._count_days()
        prompts = population.prompts
        self._is_first = prompts.is_first()
        self._prompt_users = np.bincount(
            prompts.value[self._is_first], minlength=max(prompts.values, 1)
        )
        self._picks = picked_hours(population)
        everyone = np.unique(np.concatenate([*groups, np.zeros(0, dtype=np.int64)]))
        self._principals = (
            principals(narrow, population, everyone) if everyone.size else (everyone, np.zeros(0))
        )

    def _count_days(self) -> npt.NDArray[np.float64]:
        """Count the days on which each party was active."""
        population, activity = self._population, self._population.activity
        step = np.repeat(np.arange(activity.steps), np.diff(activity.starts))
        was_active = np.zeros((population.days, activity.parties), dtype=np.bool_)
        was_active[population.day_of_step[step], activity.party] = True
        return np.asarray(was_active.sum(axis=0), dtype=np.float64)

    def measure(
        self, members: npt.NDArray[np.int64], coverage: npt.NDArray[np.float64]
    ) -> Measured:
        """Measure one group.

        Parameters:
            members: Its parties.
            coverage: Share of each member's exchanges in the group's own content.
        """
        of = {name: float(total[members].sum()) for name, total in self._totals.items()}
        sent = max(of["exchanges"], 1.0)
        sizes = self._population.parties.sizes[members]
        within, outside = self._shared_prompts(members)
        hours, weekend = self._times(members)
        held = np.isin(self._principals[0], members)
        answered = of["output_tokens"] > 0
        values = (
            float(np.log10(sizes.sum())),
            float(np.log10(sent / max(float((self._active_days[members] * sizes).sum()), 1.0))),
            float(np.average(coverage, weights=self._totals["exchanges"][members])),
            of["elicitation"] / sent,
            _effective(np.array([of[name] for name in CAPABILITY_COLUMNS])),
            of["first_turns"] / sent,
            float(np.log10(of["output_tokens"] / max(of["input_tokens"], 1.0)))
            if answered
            else None,
            float(np.log10(of["output_tokens"] / sent)) if answered else None,
            1.0 - of["new_prompts"] / sent,
            within / sent,
            outside / sent,
            float(np.mean(self._principals[1][held])) if held.any() else None,
            hours,
            weekend,
        )
        return Measured(values)

    def _shared_prompts(self, members: npt.NDArray[np.int64]) -> tuple[float, float]:
        """Count exchanges whose exact prompt a second member, or three outsiders, sent too."""
        prompts = self._population.prompts
        rows = prompts.rows_of(members)
        value = prompts.value[rows]
        first = self._is_first[rows]
        inside = np.bincount(value[first], minlength=self._prompt_users.size)[value]
        sent = prompts.exchanges[rows]
        outsiders = self._prompt_users[value] - inside
        return float(sent[inside > 1].sum()), float(sent[outsiders >= PUBLIC_OUTSIDERS].sum())

    def _times(self, members: npt.NDArray[np.int64]) -> tuple[float | None, float | None]:
        """Return the effective number of hours of the day, and the share of the weekend."""
        week = hours_of(self._picks, members).reshape(7, _HOURS_OF_DAY)
        if not week.any():
            return None, None
        weekend = float(week[5:].sum() / week.sum())
        return _effective(week.sum(axis=0)), weekend if self._has_weekend else None

    @property
    def _has_weekend(self) -> bool:
        """Whether the log is long enough to hold a whole week."""
        return self._population.days >= 7


def _effective(counts: npt.NDArray[np.float64]) -> float:
    """Return exp of the entropy of counts, the number of equal parts that would have it.

    Examples:
        >>> round(_effective(np.array([5.0, 5.0, 0.0])), 6), _effective(np.zeros(3))
        (2.0, 0.0)
    """
    total = counts.sum()
    if total <= 0.0:
        return 0.0
    shares = counts[counts > 0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()))
