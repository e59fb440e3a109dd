"""Groups of every second step, formed ahead of the tests on threads of their own.

What forms a group never depends on how an earlier group was judged, so the groups of the
coming steps can be formed while those of this one are tested.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phalanx.detect.alliance.forming import groups_of_marks
from phalanx.detect.groups import (
    MINIMUM_COVERAGE,
    Incidence,
    communities,
    content_coverage,
    content_incidence,
    groups_of,
    owner_of_values,
    standing_core,
    standing_incidence,
)
from phalanx.detect.links import (
    BIRTH_FAMILIES,
    IDENTITY_FAMILIES,
    MISSING,
    Moment,
    SharedValues,
)
from phalanx.detect.own_use import OwnContent
from phalanx.detect.population import Population
from phalanx.detect.route import Route

_AHEAD = 2
"""Formations that may be made before they are asked for."""

Group = npt.NDArray[np.int64]
"""Parties, ascending."""


@dataclass(frozen=True, slots=True)
class _OfContent:
    """What forms by content."""

    communities: npt.NDArray[np.int64]
    groups: list[Group]
    own: OwnContent


_FORMED_BY: Mapping[Route, Sequence[SharedValues]] = {
    "identity": IDENTITY_FAMILIES,
    "birth": BIRTH_FAMILIES,
}
"""Route -> standing families that form its groups."""

_Waiting = tuple[Future["_OfContent"], dict[Route, Future[list[Group]]]]


@dataclass(frozen=True, slots=True)
class Formation:
    """The groups formed after one step."""

    communities: npt.NDArray[np.int64]
    """Community of texts that each party writes from; `MISSING` where it has none."""

    groups: Mapping[Route, Sequence[Group]]
    """Groups that each route formed."""

    own: OwnContent
    """Whose own each content value is."""


class Formations:
    """Forms the groups of a log step by step; the result does not depend on threads.

    Parameters:
        population: Who did what in which step.
        minimum_parties: Smallest group.
        seed: Fixes the partitions.
        threads: That form groups, at least 1.
        first: Step from which on groups are formed.
    """

    def __init__(
        self, population: Population, minimum_parties: int, seed: int, threads: int, first: int = 0
    ) -> None:
        """Keep the settings; nothing is formed yet."""
        self._population = population
        self._minimum_parties = minimum_parties
        self._seed = seed
        self._threads = threads
        self._first = first

    def __iter__(self) -> Iterator[Formation]:
        """Yield the formation after each step after which groups are formed, in order."""
        waiting: deque[_Waiting] = deque()
        with ThreadPoolExecutor(self._threads) as pool:
            steps = range(self._first, self._population.steps)
            for step in filter(self._population.forms_after, steps):
                standing: dict[Route, Future[list[Group]]] = {
                    route: pool.submit(self._form_by_standing, step, families)
                    for route, families in _FORMED_BY.items()
                }
                if self._population.marks:
                    standing["mark"] = pool.submit(self._form_by_marks, step, templates=False)
                    standing["template_mark"] = pool.submit(
                        self._form_by_marks, step, templates=True
                    )
                waiting.append((pool.submit(self._form_by_content, step), standing))
                if len(waiting) > _AHEAD:
                    yield _all_routes(*waiting.popleft())
            while waiting:
                yield _all_routes(*waiting.popleft())

    def _form_by_content(self, step: int) -> _OfContent:
        """Keep the members whose traffic the group's own content explains."""
        sent = self._population.content.until(step)
        exchanges = self._population.activity.total("exchanges", 0, step)
        found = self._partition(content_incidence(sent, exchanges))
        labels = _large(found, self._minimum_parties)
        owner = owner_of_values(sent, labels)
        covered = content_coverage(sent, exchanges, labels, owner) >= MINIMUM_COVERAGE
        groups = groups_of(np.where(covered, labels, MISSING), self._minimum_parties)
        users = np.bincount(sent.indices, minlength=sent.shape[1])
        return _OfContent(found, groups, OwnContent(self._population.content, owner, users, labels))

    def _form_by_standing(self, step: int, families: Sequence[SharedValues]) -> list[Group]:
        """Keep the members whose common values outweigh the odds."""
        nobody = np.full(self._population.parties.count, MISSING, dtype=np.int64)
        moment = Moment(self._population, step, nobody)
        incidence = standing_incidence(moment, families)
        labels = _large(self._partition(incidence), self._minimum_parties)
        active = int((self._population.activity.joined <= step).sum())
        core = standing_core(incidence, labels, active)
        return groups_of(np.where(core, labels, MISSING), self._minimum_parties)

    def _form_by_marks(self, step: int, *, templates: bool) -> list[Group]:
        """Take who carries marks of one shared campaign."""
        nobody = np.full(self._population.parties.count, MISSING, dtype=np.int64)
        moment = Moment(self._population, step, nobody)
        return groups_of_marks(moment, self._minimum_parties, templates=templates)

    def _partition(self, incidence: Incidence) -> npt.NDArray[np.int64]:
        return communities(incidence, self._population.parties.count, self._seed)


def own_content_after(
    population: Population, step: int, texts: npt.NDArray[np.int64], minimum_parties: int
) -> OwnContent:
    """Return whose own each content value was after a step, as `Formation.own` says it.

    Parameters:
        population: Who did what in which step.
        step: After which groups were formed.
        texts: The communities that were found.
        minimum_parties: Smallest group.
    """
    sent = population.content.until(step)
    labels = _large(texts, minimum_parties)
    users = np.bincount(sent.indices, minlength=sent.shape[1])
    return OwnContent(population.content, owner_of_values(sent, labels), users, labels)


def _large(labels: npt.NDArray[np.int64], minimum: int) -> npt.NDArray[np.int64]:
    """Drop communities that are too small to become a group."""
    sizes = np.bincount(labels[labels != MISSING], minlength=1)
    kept = (labels != MISSING) & (sizes[labels] >= minimum)
    return np.where(kept, labels, MISSING)


def _all_routes(
    content: Future[_OfContent], standing: Mapping[Route, Future[list[Group]]]
) -> Formation:
    of_content = content.result()
    formed: dict[Route, Sequence[Group]] = {"content": of_content.groups}
    formed |= {route: each.result() for route, each in standing.items()}
    return Formation(of_content.communities, formed, of_content.own)
