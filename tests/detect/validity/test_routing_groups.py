"""Groups that requests on two accounts put together, of parties that are operated apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.detect.apart import TESTED_BY, ApartTest, combine
from phalanx.detect.formation import Formations, Group
from phalanx.detect.groups import between, handover_incidence, together
from phalanx.detect.handovers import Handovers
from phalanx.detect.links import MISSING, Moment
from phalanx.detect.population import Population
from phalanx.detect.reference import registered_among

Floats = npt.NDArray[np.float64]
Shuffle = Callable[[Moment, np.random.Generator], Moment]

REQUESTS = 1_500
DAYS = 8


def refused(handovers: Handovers, parties: int, generator: np.random.Generator) -> Handovers:
    """Turn away each party at a rate of its own, whoever sent first."""
    rate = generator.uniform(0.02, 0.3, parties)
    first = np.repeat(np.arange(parties), np.diff(handovers.starts))
    return replace(
        handovers,
        first_turned_away=generator.random(first.size) < rate[first],
        second_turned_away=generator.random(first.size) < rate[handovers.second],
    )


@pytest.fixture(scope="module")
def passed_around(honest: Population) -> Population:
    """An honest population in which parties often send what another has just sent."""
    generator = np.random.default_rng(31)
    parties = honest.parties.count
    first = np.sort(generator.integers(0, parties, REQUESTS))
    second = (first + generator.integers(1, parties, REQUESTS)) % parties
    days = generator.integers(0, DAYS, REQUESTS)
    handovers = Handovers(
        starts=np.searchsorted(first, np.arange(parties + 1)),
        second=second,
        first_turned_away=np.zeros(REQUESTS, dtype=np.bool_),
        second_turned_away=np.zeros(REQUESTS, dtype=np.bool_),
        day=days,
        step=days * honest.steps_per_day,
    )
    return replace(honest, handovers=handovers)


@pytest.fixture(scope="module")
def groups(passed_around: Population) -> list[Group]:
    """Groups that the requests formed by the end."""
    *_, last = Formations(passed_around, 5, 0, 1)
    return list(last.groups["routing"])


def draws(population: Population, groups: list[Group], shuffle: Shuffle, times: int) -> Floats:
    """Return e of each group at the end, one row for each shuffle."""
    generator = np.random.default_rng(32)
    nobody = np.full(population.parties.count, MISSING, dtype=np.int64)
    rows = []
    for _ in range(times):
        handovers = refused(population.handovers, population.parties.count, generator)
        moment = Moment(replace(population, handovers=handovers), population.steps - 1, nobody)
        lines = ApartTest(shuffle(moment, generator)).test(groups, TESTED_BY["routing"])
        rows.append([combine(line, each.size) for line, each in zip(lines, groups, strict=True)])
    return 10.0 ** np.array(rows)


def test_requests_that_formed_a_group_do_not_testify(
    passed_around: Population,
    groups: list[Group],
    operated_apart: Shuffle,
    calibrated: Callable[[Floats], bool],
) -> None:
    """Groups are full of requests on two accounts; which of the two was refused is chance."""
    assert groups
    assert calibrated(draws(passed_around, groups, operated_apart, 60).ravel())


@pytest.mark.slow
def test_requests_that_formed_a_group_do_not_testify_on_many_draws(
    passed_around: Population,
    groups: list[Group],
    operated_apart: Shuffle,
    calibrated: Callable[[Floats], bool],
) -> None:
    """The same over at least 10,000 draws."""
    times = -(-10_000 // len(groups))
    assert calibrated(draws(passed_around, groups, operated_apart, times).ravel())


def test_requests_join_what_an_operator_keeps_apart() -> None:
    """Two cards that share requests become one group; a third that shares none stays alone."""
    pairs = np.array([[0, 1, 2, 0], [3, 4, 5, 1]])
    card = np.repeat([0, 1, 2], 3)
    crossing = between(card, pairs)
    assert crossing.tolist() == [[0, 1, 2], [3, 4, 5]]
    links = handover_incidence(crossing, 1_000)
    both = together(links, links)
    assert both.party.size == 12
    assert np.unique(both.value).size == 6
    assert (both.weight > 0).all()


def test_who_registered_among_suspects_is_no_reference() -> None:
    """One suspect in a day spoils nobody; a quarter of an hour's registrations does."""
    hour = np.array([1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2])
    suspected = np.zeros(hour.size, dtype=bool)
    suspected[[0, 1, 8]] = True
    assert np.flatnonzero(registered_among([hour], suspected)).tolist() == list(range(8))
