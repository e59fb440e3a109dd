"""Groups of every evening, formed ahead of the tests on threads of their own.

What forms a group never depends on how an earlier group was judged, so the groups of the
coming evenings can be formed while those of this one are tested.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.detect.groups import (
    MINIMUM_COVERAGE,
    Incidence,
    communities,
    content_coverage,
    content_incidence,
    groups_of,
    standing_core,
    standing_incidence,
)
from phalanx.detect.links import MISSING, STANDING_FAMILIES, Evening
from phalanx.detect.population import Population

_DAILY_EVENINGS = 5
"""Evenings at the start of a log on each of which groups are formed."""

_AHEAD = 2
"""Evenings that may be formed before they are asked for."""

Group = npt.NDArray[np.int64]
"""Parties, ascending."""

_OfContent = tuple[npt.NDArray[np.int64], list[Group]]
"""Community of texts of each party, and the groups among them."""


def forms_on(day: int) -> bool:
    """Return whether groups are formed on this evening: the first five, then every other.

    Examples:
        >>> [day for day in range(10) if forms_on(day)]
        [0, 1, 2, 3, 4, 6, 8]
    """
    return day < _DAILY_EVENINGS or day % 2 == 0


@dataclass(frozen=True, slots=True)
class Formation:
    """The groups of one evening."""

    communities: npt.NDArray[np.int64]
    """Community of texts that each party writes from; `MISSING` where it has none."""

    content: Sequence[Group]
    """Formed by what parties send."""

    standing: Sequence[Group]
    """Formed by where parties come from."""


class Formations:
    """Forms the groups of a log evening by evening; the result does not depend on threads.

    Parameters:
        population: Who did what on which day.
        minimum_parties: Smallest group.
        seed: Fixes the partitions.
        threads: That form groups, at least 1.
    """

    def __init__(
        self, population: Population, minimum_parties: int, seed: int, threads: int
    ) -> None:
        """Keep the settings; nothing is formed yet."""
        self._population = population
        self._minimum_parties = minimum_parties
        self._seed = seed
        self._threads = threads
        self._exchanges = np.cumsum(population.counts["exchanges"], axis=1)

    def __iter__(self) -> Iterator[Formation]:
        """Yield the formation of each evening on which groups are formed, in order."""
        waiting: deque[tuple[Future[_OfContent], Future[list[Group]]]] = deque()
        with ThreadPoolExecutor(self._threads) as pool:
            for day in filter(forms_on, range(self._population.days)):
                formed = pool.submit(self._form_by_content, day)
                waiting.append((formed, pool.submit(self._form_by_standing, day)))
                if len(waiting) > _AHEAD:
                    yield _both_routes(*waiting.popleft())
            while waiting:
                yield _both_routes(*waiting.popleft())

    def _form_by_content(self, day: int) -> _OfContent:
        """Keep the members whose traffic the group's own content explains."""
        sent, exchanges = self._population.content.until(day), self._exchanges[:, day]
        found = self._partition(content_incidence(sent, exchanges))
        labels = self._large(found)
        covered = content_coverage(sent, exchanges, labels) >= MINIMUM_COVERAGE
        return found, groups_of(np.where(covered, labels, MISSING), self._minimum_parties)

    def _form_by_standing(self, day: int) -> list[Group]:
        """Keep the members whose common values outweigh the odds."""
        nobody = np.full(self._population.parties.count, MISSING, dtype=np.int64)
        evening = Evening(self._population, day, nobody)
        incidence = standing_incidence(evening, STANDING_FAMILIES)
        labels = self._large(self._partition(incidence))
        core = standing_core(incidence, labels, int((self._exchanges[:, day] > 0).sum()))
        return groups_of(np.where(core, labels, MISSING), self._minimum_parties)

    def _partition(self, incidence: Incidence) -> npt.NDArray[np.int64]:
        return communities(incidence, self._population.parties.count, self._seed)

    def _large(self, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Drop communities that are too small to become a group."""
        sizes = np.bincount(labels[labels != MISSING], minlength=1)
        kept = (labels != MISSING) & (sizes[labels] >= self._minimum_parties)
        return np.where(kept, labels, MISSING)


def _both_routes(content: Future[_OfContent], standing: Future[list[Group]]) -> Formation:
    found, groups = content.result()
    return Formation(found, groups, standing.result())
